"""A frontend on another site than the services: what docs/deploy/two-origins.md says works."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.service import PASSWORD
from tests.contract import replicas

FRONTEND = "https://reader.github.io"
STRANGER = "https://stranger.github.io"


@dataclass(frozen=True, slots=True)
class Places:
    """Clients of both services that keep no cookie, as a browser across sites keeps none."""

    auth: str
    api: str


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    folder = tmp_path_factory.mktemp("places")
    with running_postgres(folder / "postgres", durable=False) as server:
        migrate(server.url)
        with (
            replicas.auth_service(folder, server.url, TRUSTED_ORIGINS=FRONTEND) as auth,
            replicas.api_service(folder, auth, TRUSTED_ORIGINS=FRONTEND) as api,
        ):
            yield Places(auth, api)


def asked_first(url: str, method: str, headers: str, origin: str = FRONTEND) -> httpx.Response:
    """Ask what a browser asks before it lets a page send a request."""
    return httpx.options(
        url,
        headers={
            "origin": origin,
            "access-control-request-method": method,
            "access-control-request-headers": headers,
        },
    )


def signed_up(places: Places, email: str) -> httpx.Response:
    body = {"name": "Mina", "email": email, "password": PASSWORD, "grant": "refresh"}
    reply = httpx.post(
        f"{places.auth}/api/auth/sign-up", json=body, headers={"origin": FRONTEND}, timeout=20
    )
    assert reply.status_code == 200, reply.text
    return reply


def test_a_page_on_another_site_signs_in_asks_and_refreshes_by_token(places: Places) -> None:
    sign_up, me = f"{places.auth}/api/auth/sign-up", f"{places.api}/v1/me"
    assert asked_first(sign_up, "POST", "content-type").status_code == 200
    reply = signed_up(places, "token@example.com")
    assert reply.headers["access-control-allow-origin"] == FRONTEND

    assert asked_first(me, "GET", "authorization").status_code == 200
    bearer = {"authorization": f"Bearer {reply.json()['token']}", "origin": FRONTEND}
    told = httpx.get(me, headers=bearer)
    assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, FRONTEND)

    renewed = httpx.post(
        f"{places.auth}/api/auth/token/refresh",
        json={"refreshToken": reply.json()["refreshToken"]},
        headers={"origin": FRONTEND},
    )
    again = {"authorization": f"Bearer {renewed.json()['token']}", "origin": FRONTEND}
    assert httpx.get(me, headers=again).status_code == 200


def test_auth_services_own_routes_take_the_sessions_token(places: Places) -> None:
    reply = signed_up(places, "session@example.com")
    assert "set-auth-token" in reply.headers["access-control-expose-headers"].lower()
    get_session = f"{places.auth}/api/auth/get-session"
    assert asked_first(get_session, "GET", "authorization").status_code == 200
    bearer = {"authorization": f"Bearer {reply.headers['set-auth-token']}", "origin": FRONTEND}
    session = httpx.get(get_session, headers=bearer).json()
    assert session["user"]["email"] == "session@example.com"
    out = httpx.post(f"{places.auth}/api/auth/sign-out", json={}, headers=bearer)
    assert out.status_code == 200
    assert httpx.get(get_session, headers=bearer).json() is None


def test_the_cookie_is_one_that_browsers_do_not_send_across_sites(places: Places) -> None:
    cookies = signed_up(places, "cookie@example.com").headers.get_list("set-cookie")
    session = [line for line in cookies if "session_token" in line]
    assert session
    assert all("SameSite=Lax" in line and "Domain=" not in line for line in session)
    # Nor does api-service ask browsers for it.
    reply = asked_first(f"{places.api}/v1/me", "GET", "authorization")
    assert "access-control-allow-credentials" not in reply.headers


def test_a_page_of_nobody_we_trust_reads_nothing(places: Places) -> None:
    for url in (f"{places.auth}/api/auth/get-session", f"{places.api}/v1/me"):
        reply = asked_first(url, "GET", "authorization", origin=STRANGER)
        assert "access-control-allow-origin" not in reply.headers
