"""The service against its own description: whatever is sent, it answers as documented."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest
import schemathesis

from auth_service.app import create_app
from tests.auth_service.service import COOKIE, ORIGIN, PASSWORD, make_settings
from tests.auth_service.takeover.databases import run
from tests.auth_service.test_main import started
from tests.fuzzing import CHECKS, AnyCase, examples

DOCUMENT = schemathesis.openapi.from_dict(
    create_app(make_settings("postgresql://host/database")).openapi()
)
KNOWN = {
    "email": "mina@example.com",
    "callbackURL": "/page",
    "redirectTo": f"{ORIGIN}/page",
    "password": PASSWORD,
    "currentPassword": PASSWORD,
    "newPassword": PASSWORD,
    "provider": "github",
}


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
        API_KEY_RATE_LIMIT_MAX="0",
    ) as (client, _):
        client.headers["origin"] = ORIGIN
        # The database is shared with tests that may have left this very reader in it.
        known = client.post("/api/auth/sign-up/email", json=reader(KNOWN["email"]))
        assert known.status_code in {200, 422}
        yield client


@pytest.fixture(scope="module")
def callers(site: httpx.Client, database_url: str) -> dict[str, Callable[[], dict[str, str]]]:
    """Who may be asking, and the header they show; each is there again if a request ended it."""
    kept: dict[str, str] = {}

    def admin() -> dict[str, str]:
        if site.get("/api/auth/get-session", headers=kept).text == "null" or not kept:
            site.cookies.clear()
            email = f"{uuid4()}@example.com"
            site.post("/api/auth/sign-up/email", json=reader(email)).raise_for_status()
            statement = f"UPDATE \"user\" SET role = 'admin' WHERE email = '{email}'"  # noqa: S608 -- ours
            run(database_url, statement)
            kept["cookie"] = f"{COOKIE}={site.cookies[COOKIE]}"
            site.cookies.clear()
        return kept

    def api_key() -> dict[str, str]:
        if site.get("/api/auth/get-session", headers=shown).status_code != 200 or not shown:
            cookie = {"cookie": live_cookie(site)}
            made = site.post("/api/auth/api-key/create", json={}, headers=cookie)
            shown["x-api-key"] = made.raise_for_status().json()["key"]
            site.cookies.clear()
        return shown

    shown: dict[str, str] = {}
    return {
        "nobody": dict,
        "a reader": lambda: {"cookie": live_cookie(site)},
        "an API key": api_key,
        "an admin": admin,
    }


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
@pytest.mark.parametrize("caller", ["nobody", "a reader", "an API key", "an admin"])
@DOCUMENT.parametrize()
@examples(20)
def test_whatever_is_sent_it_answers_as_documented(
    case: AnyCase,
    site: httpx.Client,
    callers: dict[str, Callable[[], dict[str, str]]],
    caller: str,
) -> None:
    make_likely(case)
    headers = {"origin": ORIGIN} | callers[caller]()
    case.call_and_validate(str(site.base_url), headers=headers, checks=CHECKS)
