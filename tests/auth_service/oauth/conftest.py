from collections.abc import AsyncIterator

import pytest

from tests.auth_service.oauth.authorization_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    Provider,
    provider_serving,
    slow,
)
from tests.auth_service.oauth.site import Site
from tests.auth_service.service import make_settings, serving


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with provider_serving() as provider:
        yield provider


@pytest.fixture
async def site(
    database_url: str, provider: Provider, request: pytest.FixtureRequest
) -> AsyncIterator[Site]:
    """The service on an empty database, with three providers, all of them at one address.

    It is patient, unless the test is about a provider that is slow.
    """
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    seconds = 1.0 if parameters.get("fault") is slow else 30.0
    client = {"issuer": provider.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    settings = make_settings(
        database_url,
        GOOGLE_CLIENT_ID=CLIENT_ID,
        GOOGLE_CLIENT_SECRET=CLIENT_SECRET,
        GOOGLE_BASE_URL=provider.url,
        GITHUB_CLIENT_ID=CLIENT_ID,
        GITHUB_CLIENT_SECRET=CLIENT_SECRET,
        GITHUB_BASE_URL=provider.url,
        OAUTH_TIMEOUT_SECONDS=seconds,
        oidc_clients={"campus": client},
    )
    async with serving(settings) as service:
        await service.write('DELETE FROM "user"')
        await service.write("DELETE FROM verification")
        provider.now = lambda: service.clock().timestamp()
        provider.redirect_uris = tuple(
            f"http://localhost:3001/api/auth/callback/{name}"
            for name in ("google", "github", "campus")
        )
        yield Site(service, provider)
