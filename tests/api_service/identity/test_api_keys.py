"""Keys at api_service, told by the real auth_service on a real database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api_service.auth_service_client import AuthServiceClient
from api_service.identity import api_keys
from api_service.identity.api_keys import ApiKeys
from api_service.problems import ApiKeysUnavailable, ApiKeyUsedUp, InvalidApiKey
from api_service.settings import Settings
from auth_service.app import create_app
from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.service import SECRET, bearer, make_settings, running_service
from tests.auth_service.service import PASSWORD
from tests.auth_service.service import make_settings as auth_settings
from tests.loopback import free_port, serving

AWAY = "http://127.0.0.1:1"


class Asked:
    """Passes requests on, and counts those about keys."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.times = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.times += scope["path"] == api_keys.PATH
        await self.app(scope, receive, send)


class Site:
    """auth_service, as its readers and api_service reach it."""

    def __init__(self, url: str, asked: Asked) -> None:
        self.url = url
        self.asked = asked
        self.client = httpx.AsyncClient(base_url=f"{url}/api/auth/")
        self.readers = 0

    async def new_key(self, **members: object) -> dict[str, Any]:
        self.readers += 1
        body = {
            "name": "Mina",
            "email": f"mina{self.readers}@example.com",
            "password": PASSWORD,
            "softwareBackground": "Python",
        }
        token = (await self.client.post("sign-up/email", json=body)).json()["token"]
        self.client.cookies.clear()
        self.client.headers["authorization"] = f"Bearer {token}"
        made: dict[str, Any] = (await self.client.post("api-key/create", json=members)).json()
        return made

    async def change(self, key: dict[str, Any], **changes: object) -> None:
        body = {"keyId": key["id"], **changes}
        (await self.client.post("api-key/update", json=body)).raise_for_status()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("keys"), durable=False) as server:
        migrate(server.url)
        yield server.url


@asynccontextmanager
async def open_site(database: str, limit: int) -> AsyncIterator[Site]:
    settings = auth_settings(database, JWT_SECRET=SECRET, API_KEY_RATE_LIMIT_MAX=str(limit))
    asked = Asked(create_app(settings))
    async with serving(asked) as url:
        site = Site(url, asked)
        async with site.client:
            yield site
            await site.client.post("delete-user", json={"password": PASSWORD})


@pytest.fixture
async def unlimited(database: str) -> AsyncIterator[Site]:
    """New keys may be used without end, so answers are kept."""
    async with open_site(database, 0) as site:
        yield site


@pytest.fixture
async def limited(database: str) -> AsyncIterator[Site]:
    """New keys may be used ten times a day."""
    async with open_site(database, 10) as site:
        yield site


class TurnedClock:
    """Seconds that a test advances."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def keys_of(url: str, clock: TurnedClock | None = None) -> AsyncIterator[ApiKeys]:
    client = AuthServiceClient(url, SECRET)
    keys = ApiKeys(client, clock=clock or TurnedClock())
    try:
        yield keys
    finally:
        await keys.close()
        await client.close()


async def test_a_key_speaks_for_its_owner(unlimited: Site) -> None:
    key = await unlimited.new_key(expiresIn=86400)
    async with keys_of(unlimited.url) as keys:
        caller = await keys.verify(key["key"])
    assert (caller.user_id, caller.session_id) == (key["referenceId"], key["id"])
    assert caller.key_id == key["id"]
    assert (caller.name, caller.software_background, caller.interest_area) == ("Mina", "Python", "")
    assert caller.expires_at is not None
    assert caller.permissions is None


async def test_a_good_key_is_asked_about_once_a_minute(unlimited: Site) -> None:
    key = (await unlimited.new_key())["key"]
    clock = TurnedClock()
    async with keys_of(unlimited.url, clock) as keys:
        await asyncio.gather(*(keys.verify(key) for _ in range(50)))
        assert unlimited.asked.times == 1
        clock.seconds += 59.9
        await keys.verify(key)
        assert unlimited.asked.times == 1
        clock.seconds += 0.1
        await keys.verify(key)
        assert unlimited.asked.times == 2


async def test_a_disabled_key_is_heeded_a_minute_at_most(unlimited: Site) -> None:
    key = await unlimited.new_key()
    clock = TurnedClock()
    async with keys_of(unlimited.url, clock) as keys:
        await keys.verify(key["key"])
        await unlimited.change(key, enabled=False)
        clock.seconds += 60
        with pytest.raises(InvalidApiKey, match="disabled"):
            await keys.verify(key["key"])


async def test_a_wrong_key_is_asked_about_once_in_five_seconds(unlimited: Site) -> None:
    key = await unlimited.new_key()
    await unlimited.change(key, enabled=False)
    clock = TurnedClock()
    async with keys_of(unlimited.url, clock) as keys:
        for _ in range(3):
            with pytest.raises(InvalidApiKey, match="disabled"):
                await keys.verify(key["key"])
        assert unlimited.asked.times == 1
        await unlimited.change(key, enabled=True)
        clock.seconds += 5
        assert (await keys.verify(key["key"])).session_id == key["id"]


async def test_what_cannot_be_a_key_is_not_asked_about(unlimited: Site) -> None:
    async with keys_of(unlimited.url) as keys:
        for wrong in ("", "x" * 63, "x" * 97, "x" * 63 + "!", "é" * 64, "x" * 64 + "\n"):
            with pytest.raises(InvalidApiKey, match="malformed"):
                await keys.verify(wrong)
    assert unlimited.asked.times == 0


async def test_of_fifty_uses_at_once_exactly_ten_get_through_a_limit_of_ten(limited: Site) -> None:
    key = (await limited.new_key())["key"]
    async with keys_of(limited.url) as keys:
        results = await asyncio.gather(
            *(keys.verify(key) for _ in range(50)), return_exceptions=True
        )
    refused = [result for result in results if isinstance(result, ApiKeyUsedUp)]
    assert len(refused) == 40
    assert len(results) - len(refused) == 10
    assert 86_390 < int(refused[0].headers["Retry-After"]) <= 86_401
    assert limited.asked.times == 50


async def test_auth_service_being_away_opens_no_door_but_to_those_just_known(
    database: str,
) -> None:
    clock = TurnedClock()
    async with open_site(database, 0) as site:
        made = await site.new_key()
        known = made["key"]
        keys = ApiKeys(AuthServiceClient(site.url, SECRET), clock=clock)
        await keys.verify(known)
    assert (await keys.verify(known)).session_id == made["id"]
    with pytest.raises(ApiKeysUnavailable):
        await keys.verify("y" * 64)
    clock.seconds += 60
    with pytest.raises(ApiKeysUnavailable):
        await keys.verify(known)
    await keys.close()


async def test_many_who_wait_for_an_answer_that_does_not_come_are_told_together() -> None:
    async with keys_of(AWAY) as keys:
        results = await asyncio.gather(
            *(keys.verify("x" * 64) for _ in range(20)), return_exceptions=True
        )
    assert {type(result) for result in results} == {ApiKeysUnavailable}


async def test_an_answer_that_is_not_as_agreed_is_none() -> None:
    async def nonsense(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"valid": "perhaps"}'})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await nonsense(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async with serving(app) as url, keys_of(url) as keys:
        with pytest.raises(ApiKeysUnavailable):
            await keys.verify("x" * 64)


async def test_another_services_secret_opens_nothing(unlimited: Site) -> None:
    key = (await unlimited.new_key())["key"]
    stranger = AuthServiceClient(unlimited.url, "another-secret-0123456789abcdef0123456789")
    keys = ApiKeys(stranger)
    with pytest.raises(ApiKeysUnavailable):
        await keys.verify(key)
    await stranger.close()


def settings_for(folder: Path, url: str, limit: str | None = None) -> Settings:
    return make_settings(folder, limit=limit).model_copy(update={"auth_service_url": url})


async def test_a_route_takes_a_key_in_place_of_a_token(unlimited: Site, tmp_path: Path) -> None:
    key = await unlimited.new_key()
    async with running_service(settings_for(tmp_path, unlimited.url)) as http:
        del http.headers["authorization"]
        reply = await http.get("/v1/me", headers={"X-API-Key": key["key"]})
        wrong = await http.get("/v1/me", headers={"X-API-Key": "x" * 64})
        none = await http.get("/v1/me")
    assert reply.json() == {
        "user_id": key["referenceId"],
        "email": "mina1@example.com",
        "name": "Mina",
        "software_background": "Python",
        "hardware_background": "",
        "interest_area": "",
        "role": "user",
        "expires_at": None,
    }
    assert (wrong.status_code, wrong.json()["type"]) == (401, "/problems/invalid-api-key")
    assert wrong.headers["www-authenticate"] == 'Bearer realm="api-service"'
    assert (none.status_code, none.json()["type"]) == (401, "/problems/invalid-token")


async def test_a_key_is_taken_as_a_bearer_too(unlimited: Site, tmp_path: Path) -> None:
    key = await unlimited.new_key()
    async with running_service(settings_for(tmp_path, unlimited.url)) as http:
        reply = await http.get("/v1/me", headers=bearer(key["key"]))
        other = await http.get("/v1/me", headers={"X-API-Key": "x" * 64, **bearer(key["key"])})
        wrong = await http.get("/v1/models", headers=bearer("x" * 64))
        short = await http.get("/v1/me", headers=bearer(key["key"][:40]))
    assert reply.json()["user_id"] == other.json()["user_id"] == key["referenceId"]
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_api_key")
    assert (short.status_code, short.json()["type"]) == (401, "/problems/invalid-token")


async def test_where_both_are_sent_the_token_alone_counts(tmp_path: Path, unlimited: Site) -> None:
    key = (await unlimited.new_key())["key"]
    async with running_service(settings_for(tmp_path, unlimited.url)) as http:
        good = await http.get("/v1/me", headers={"X-API-Key": key})
        bad = await http.get("/v1/me", headers={"X-API-Key": key, **bearer("x.y.z")})
    assert good.json()["user_id"] == "user-1"
    assert (bad.status_code, bad.json()["type"]) == (401, "/problems/invalid-token")
    assert unlimited.asked.times == 0


async def test_without_auth_service_tokens_go_on_and_keys_are_told_to_come_back(
    tmp_path: Path,
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with running_service(settings_for(tmp_path, url)) as http:
        token = await http.get("/v1/me", headers={"X-API-Key": "x" * 64})
        del http.headers["authorization"]
        key = await http.get("/v1/me", headers={"X-API-Key": "x" * 64})
    assert token.status_code == 200
    assert (key.status_code, key.json()["type"]) == (503, "/problems/api-keys-unavailable")
    assert key.headers["retry-after"] == "5"


async def test_questions_of_a_key_are_counted_with_those_of_its_owners_tokens(
    tmp_path: Path, unlimited: Site
) -> None:
    key = await unlimited.new_key()
    async with running_service(settings_for(tmp_path, unlimited.url, "2/minute")) as http:
        del http.headers["authorization"]
        token = (await unlimited.client.get("jwt")).json()["token"]
        who: list[dict[str, str]] = [{"X-API-Key": key["key"]}, dict(bearer(token))]
        said = [await http.get("/v1/search?q=x", headers=headers) for headers in (*who, who[0])]
    assert [reply.status_code for reply in said[:2]] != [429, 429]
    assert said[2].status_code == 429


async def test_a_key_has_limits_of_its_own_within_its_owners(
    tmp_path: Path, unlimited: Site
) -> None:
    key = await unlimited.new_key()
    settings = settings_for(tmp_path, unlimited.url, "9/minute")
    changes = {"api_key_streams": 2, "api_key_tokens_a_day": 40_000}
    async with running_service(settings.model_copy(update=changes)) as http:
        del http.headers["authorization"]
        token = (await unlimited.client.get("jwt")).json()["token"]
        of_key = await http.get("/v1/usage", headers={"X-API-Key": key["key"]})
        of_token = await http.get("/v1/usage", headers=bearer(token))

    def scopes(reply: httpx.Response) -> list[tuple[str, str, int]]:
        limits = reply.json()["limits"]
        return [(each["name"], each["scope"], each["limit"]) for each in limits]

    own = [("streams", "api_key", 2), ("tokens", "api_key", 40_000)]
    assert [each for each in scopes(of_key) if each not in own] == scopes(of_token)
    assert [each for each in scopes(of_key) if each not in scopes(of_token)] == own


async def test_a_key_with_permissions_does_what_they_name_and_no_more(
    tmp_path: Path, database: str, unlimited: Site
) -> None:
    key = await unlimited.new_key()
    await permit(database, key["id"], '{"book":["search"]}')
    async with running_service(settings_for(tmp_path, unlimited.url)) as http:
        del http.headers["authorization"]
        headers = {"X-API-Key": key["key"]}
        asked = await http.post("/v1/chat", json={"message": "What is a servo?"}, headers=headers)
        searched = await http.get("/v1/search?q=servo", headers=headers)
    assert (asked.status_code, asked.json()["type"]) == (403, "/problems/not-permitted")
    assert searched.status_code != 403


async def permit(database: str, key_id: str, permissions: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            "UPDATE apikey SET permissions = $1 WHERE id = $2", permissions, key_id
        )
    finally:
        await connection.close()


async def test_no_clear_key_stays_in_memory(unlimited: Site) -> None:
    key = (await unlimited.new_key())["key"]
    async with keys_of(unlimited.url) as keys:
        await keys.verify(key)
        assert key not in everything_in(keys)


def everything_in(value: object, depth: int = 6) -> str:
    """Return what an object holds, and what that holds, as text."""
    inner = getattr(value, "__dict__", None)
    if depth == 0 or inner is None:
        return repr(value)
    return "".join(f"{name}={everything_in(held, depth - 1)}" for name, held in inner.items())
