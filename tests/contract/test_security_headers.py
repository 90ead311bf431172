"""What browsers are told stands in every reply of both services, whatever became of the request."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api_service.app import create_app as create_api
from auth_service.app import create_app as create_auth
from auth_service.migrate import migrate
from service_kit.security_headers import HEADERS
from standalone.postgres import running_postgres
from tests.api_service.service import bearer
from tests.api_service.service import make_settings as api_settings
from tests.auth_service.service import ORIGIN, Service, serving
from tests.auth_service.service import make_settings as auth_settings
from tests.loopback import serving as listening

OWN_POLICY = "/api/auth/error"
"""The one page for people, which needs a style."""


def operations(app: FastAPI) -> Iterator[tuple[str, str]]:
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


def assert_guarded(reply: httpx.Response) -> None:
    for name, value in HEADERS:
        said = reply.headers.get_list(name.decode())
        assert len(said) == 1, (reply.url, name)
        if name == b"cache-control":
            assert "no-store" in said[0]
        elif name == b"content-security-policy" and reply.url.path == OWN_POLICY:
            assert said[0].startswith(value.decode())
        else:
            assert said == [value.decode()]


PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}

STRANGE = {
    "an unknown path": httpx.Request("GET", "http://localhost/nowhere"),
    "a wrong method": httpx.Request("DELETE", "http://localhost/health"),
    "a trace": httpx.Request("TRACE", "http://localhost/ASK", headers={"X-Secret": "private"}),
    "a preflight": httpx.Request("OPTIONS", "http://localhost/ASK", headers=PREFLIGHT),
    "a preflight of another page": httpx.Request(
        "OPTIONS", "http://localhost/ASK", headers={**PREFLIGHT, "Origin": "https://evil.example"}
    ),
    "too much": httpx.Request("POST", "http://localhost/ASK", content=b"x" * 600_000),
    "another host": httpx.Request("GET", "http://localhost/ASK", headers={"Host": "evil.example"}),
}


async def send_strange(client: httpx.AsyncClient, case: str, ask: str) -> httpx.Response:
    """Send a request of the table; ASK stands for a route that takes a body."""
    wanted = STRANGE[case]
    headers = dict(wanted.headers)
    if headers["host"] == "localhost":
        del headers["host"]
    path = wanted.url.path.replace("/ASK", ask)
    return await client.request(wanted.method, path, headers=headers, content=wanted.content)


@asynccontextmanager
async def api(folder: Path, **changes: object) -> AsyncIterator[httpx.AsyncClient]:
    settings = api_settings(folder).model_copy(update=changes)
    async with (
        listening(create_api(settings)) as address,
        httpx.AsyncClient(base_url=address) as http,
    ):
        yield http


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("headers") / "postgres"
    with running_postgres(folder, durable=False) as server:
        migrate(server.url)
        yield server.url


@pytest.fixture(scope="module")
async def auth(database: str) -> AsyncIterator[Service]:
    async with serving(auth_settings(database, ALLOWED_HOSTS="localhost")) as service:
        yield service


async def test_every_route_of_auth_service_tells_browsers(auth: Service, database: str) -> None:
    for method, path in operations(create_auth(auth_settings(database))):
        assert_guarded(await auth.client.request(method, path))
    assert_guarded(await auth.client.get(OWN_POLICY))
    assert_guarded(await auth.sign_up())


@pytest.mark.parametrize("case", STRANGE)
async def test_every_refusal_of_auth_service_does_too(auth: Service, case: str) -> None:
    reply = await send_strange(auth.client, case, "/api/auth/sign-in/email")

    assert_guarded(reply)
    assert "private" not in reply.text
    if case == "another host":
        assert reply.status_code == 400
        assert reply.json() == {"message": "This host is not served here", "code": "BAD_REQUEST"}


async def test_a_crash_of_auth_service_does_too(database: str) -> None:
    address = f"{database}?options=-c%20role%3Dpg_monitor"  # who may read none of the tables
    async with serving(auth_settings(address)) as crashing:
        reply = await crashing.sign_in()

    assert reply.status_code == 500
    assert_guarded(reply)


async def test_every_route_of_api_service_tells_browsers(tmp_path: Path) -> None:
    async with api(tmp_path / "data") as http:
        for method, path in operations(create_api(api_settings(tmp_path))):
            for headers in ({}, dict(bearer())):
                assert_guarded(await http.request(method, path, headers=headers))


async def test_every_refusal_of_api_service_does_too(tmp_path: Path) -> None:
    async with api(tmp_path, allowed_hosts=("127.0.0.1",)) as http:
        replies = {case: await send_strange(http, case, "/v1/chat") for case in STRANGE}

    for reply in replies.values():
        assert_guarded(reply)
        assert "private" not in reply.text
    assert replies["another host"].status_code == 400
    assert replies["another host"].json()["type"] == "/problems/invalid-request"
    assert replies["an unknown path"].status_code == 404
    assert replies["too much"].status_code == 413


async def test_https_is_asked_for_where_readers_come_by_it(database: str, tmp_path: Path) -> None:
    public = "https://auth.book.example"
    async with serving(auth_settings(database, BETTER_AUTH_URL=public)) as service:
        of_auth = await service.client.get("/health")
    async with api(tmp_path, better_auth_url=public) as http:
        of_api = await http.get("/health")

    for reply in (of_auth, of_api):
        assert reply.headers["strict-transport-security"] == "max-age=31536000"


async def test_the_contract_is_shown_where_the_settings_say_so_alone(
    database: str, tmp_path: Path
) -> None:
    for shown in (True, False):
        async with serving(auth_settings(database, OPENAPI=shown)) as service:
            of_auth = await service.client.get("/openapi.json")
        async with api(tmp_path, openapi=shown) as http:
            of_api = await http.get("/openapi.json")

        assert of_auth.status_code == of_api.status_code == (200 if shown else 404)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_no_page_for_trying_it_out_is_served(
    auth: Service, tmp_path: Path, path: str
) -> None:
    async with api(tmp_path, openapi=True) as http:
        assert (await http.get(path)).status_code == 404
    assert (await auth.client.get(path)).status_code == 404
