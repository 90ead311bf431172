"""The service against its own description: whatever is sent, it answers as documented."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, CheckContext, Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from auth_service.app import create_app
from tests.auth_service.service import COOKIE, ORIGIN, PASSWORD, make_settings
from tests.auth_service.test_main import started

DOCUMENT = schemathesis.openapi.from_dict(
    create_app(make_settings("postgresql://host/database")).openapi()
)
AnyCase = Case[Any]
KNOWN = {
    "email": "mina@example.com",
    "callbackURL": "/page",
    "redirectTo": f"{ORIGIN}/page",
    "password": PASSWORD,
    "currentPassword": PASSWORD,
    "newPassword": PASSWORD,
    "provider": "github",
}


def no_crash(_context: CheckContext, response: Response, _case: AnyCase) -> None:
    busy = response.status_code == 503 and "retry-after" in response.headers
    assert response.status_code < 500 or busy, response.text


CHECKS = [
    no_crash,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

pytestmark = [pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[httpx.Client]:
    """A page of the site, in front of a running service."""
    folder = tmp_path_factory.mktemp("fuzz")
    with started(
        folder,
        DATABASE_URL=database_url,
        RATE_LIMIT="off",
        MAIL_URL=f"file:{folder / 'outbox'}",
        GITHUB_CLIENT_ID="book",
        GITHUB_CLIENT_SECRET="secret",
    ) as (client, _):
        client.headers["origin"] = ORIGIN
        # The database is shared with tests that may have left this very reader in it.
        known = client.post("/api/auth/sign-up/email", json=reader(KNOWN["email"]))
        assert known.status_code in {200, 422}
        yield client


def reader(email: str) -> dict[str, str]:
    return {"name": "Mina", "email": email, "password": PASSWORD}


def live_cookie(site: httpx.Client) -> str:
    """Return the cookie of a live session; what was sent before may have ended the last one."""
    if site.get("/api/auth/get-session").text == "null":
        signed_up = site.post("/api/auth/sign-up/email", json=reader(f"{uuid4()}@example.com"))
        signed_up.raise_for_status()
    return f"{COOKIE}={site.cookies[COOKIE]}"


def make_likely(case: AnyCase) -> None:
    """Put what the service knows in place of some texts, or few requests pass the first checks."""
    if isinstance(case.body, dict):
        case.body = {
            name: KNOWN[name] if isinstance(it, str) and name in KNOWN and len(it) % 2 == 0 else it
            for name, it in case.body.items()
        }


# Parametrized once more, or pytest-xdist took all operations for one test: the plug-in names them
# apart only then.
@pytest.mark.parametrize("signed_in", [False, True], ids=["without a session", "with a session"])
@DOCUMENT.parametrize()
@EXAMPLES
def test_whatever_is_sent_it_answers_as_documented(
    case: AnyCase, site: httpx.Client, signed_in: bool
) -> None:
    make_likely(case)
    headers = {"origin": ORIGIN} | ({"cookie": live_cookie(site)} if signed_in else {})
    case.call_and_validate(str(site.base_url), headers=headers, checks=CHECKS)
