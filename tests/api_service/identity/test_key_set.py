import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from nacl.signing import SigningKey
from starlette.responses import JSONResponse, Response

from api_service.auth_service_client import AuthServiceClient
from api_service.identity.caller import Caller
from api_service.identity.key_set import OLD_SECONDS, PAUSE_SECONDS, KeySet
from api_service.identity.tokens import identify
from api_service.problems import InvalidToken, KeysUnavailable
from tests.api_service.scripted_auth import (
    ORIGIN,
    ScriptedAuth,
    eddsa_token,
    listed,
    scripted_auth,
)
from tests.api_service.service import SECRET, make_settings, make_token, running_service


@dataclass
class Clock:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def auth() -> AsyncIterator[ScriptedAuth]:
    async with scripted_auth() as script:
        yield script


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def opened(url: str, clock: Clock) -> AsyncIterator[KeySet]:
    client = AuthServiceClient(url, SECRET)
    key_set = KeySet(client, ORIGIN, clock=clock)
    try:
        yield key_set
    finally:
        await key_set.close()
        await client.close()


@pytest.fixture
async def key_set(auth: ScriptedAuth, clock: Clock) -> AsyncIterator[KeySet]:
    async with opened(auth.url, clock) as key_set:
        yield key_set


async def caller_of(token: str, key_set: KeySet) -> Caller:
    return await identify(token, SECRET, key_set=key_set)


async def test_a_token_of_a_listed_key_names_its_caller(
    auth: ScriptedAuth, key_set: KeySet
) -> None:
    caller = await caller_of(eddsa_token(auth.make_key()), key_set)

    assert (caller.user_id, caller.session_id) == ("user-1", "session-1")
    assert (caller.name, caller.email) == ("Ada", "reader@book.test")
    assert (caller.software_background, caller.interest_area) == ("Python", "")


async def test_of_many_tokens_at_once_one_asks_for_the_keys(
    auth: ScriptedAuth, key_set: KeySet
) -> None:
    token = eddsa_token(auth.make_key())

    callers = await asyncio.gather(*(caller_of(token, key_set) for _ in range(50)))

    assert len(callers) == 50
    assert auth.asked == 1


async def test_a_new_key_is_asked_for_and_counts(
    auth: ScriptedAuth, key_set: KeySet, clock: Clock
) -> None:
    await caller_of(eddsa_token(auth.make_key()), key_set)
    clock.seconds += PAUSE_SECONDS

    await caller_of(eddsa_token(auth.make_key("key-2"), "key-2"), key_set)
    await caller_of(eddsa_token(auth.keys["key-1"]), key_set)

    assert auth.asked == 2


async def test_made_up_keys_are_asked_for_once_in_thirty_seconds(
    auth: ScriptedAuth, key_set: KeySet, clock: Clock
) -> None:
    good = eddsa_token(auth.make_key())
    stranger = SigningKey.generate()

    for number in range(20):
        with pytest.raises(InvalidToken, match="not known"):
            await caller_of(eddsa_token(stranger, f"made-up-{number}"), key_set)
    assert auth.asked == 1
    clock.seconds += PAUSE_SECONDS - 1
    with pytest.raises(InvalidToken):
        await caller_of(eddsa_token(stranger, "made-up"), key_set)
    assert auth.asked == 1
    clock.seconds += 1
    with pytest.raises(InvalidToken):
        await caller_of(eddsa_token(stranger, "made-up"), key_set)
    assert auth.asked == 2
    assert (await caller_of(good, key_set)).user_id == "user-1"


async def test_old_keys_are_asked_for_anew_while_they_are_used(
    auth: ScriptedAuth, key_set: KeySet, clock: Clock
) -> None:
    token = eddsa_token(auth.make_key())
    await caller_of(token, key_set)
    auth.pause = asyncio.Event()
    auth.keys.clear()
    clock.seconds += OLD_SECONDS

    await caller_of(token, key_set)  # does not wait for the answer

    auth.pause.set()
    await key_set.refreshed()
    with pytest.raises(InvalidToken, match="not known"):
        await caller_of(token, key_set)
    assert auth.asked == 2


async def test_known_keys_count_on_while_auth_service_is_away(
    auth: ScriptedAuth, key_set: KeySet, clock: Clock
) -> None:
    token = eddsa_token(auth.make_key())
    await caller_of(token, key_set)
    auth.answer = Response(status_code=503)
    for _ in range(3):
        clock.seconds += OLD_SECONDS
        assert (await caller_of(token, key_set)).user_id == "user-1"
        with pytest.raises(KeysUnavailable):
            await caller_of(eddsa_token(SigningKey.generate(), "newer"), key_set)
    auth.answer = None
    clock.seconds += PAUSE_SECONDS
    assert (
        await caller_of(eddsa_token(auth.make_key("newer"), "newer"), key_set)
    ).user_id == "user-1"


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>", media_type="text/html"),
        JSONResponse([]),
        JSONResponse({"keys": {}}),
        JSONResponse({"keys": []}, status_code=500),
        Response(status_code=302, headers={"location": "https://elsewhere.test"}),
    ],
    ids=["no JSON", "a list", "no list of keys", "an error", "a redirect"],
)
async def test_an_answer_that_is_no_key_set_is_as_good_as_none(
    auth: ScriptedAuth, key_set: KeySet, answer: Response
) -> None:
    auth.answer = answer

    with pytest.raises(KeysUnavailable) as refused:
        await caller_of(eddsa_token(auth.make_key()), key_set)

    assert refused.value.headers["Retry-After"]


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct"},
        {"crv": "X25519"},
        {"alg": "HS256"},
        {"use": "enc"},
        {"x": None},
        {"x": "AA"},
        {"x": "A" * 42 + "B"},
        {"kid": 7},
    ],
    ids=str,
)
async def test_a_key_for_something_else_checks_no_token(
    auth: ScriptedAuth, key_set: KeySet, change: dict[str, object]
) -> None:
    key, good = SigningKey.generate(), SigningKey.generate()
    keys = ["no key", {**listed("key-1", key), **change}, listed("good", good)]
    auth.answer = JSONResponse({"keys": keys})

    with pytest.raises(InvalidToken, match="not known"):
        await caller_of(eddsa_token(key), key_set)

    assert (await caller_of(eddsa_token(good, "good"), key_set)).user_id == "user-1"


async def test_tokens_of_the_shared_secret_never_ask_for_keys(
    auth: ScriptedAuth, key_set: KeySet
) -> None:
    assert (await caller_of(make_token(), key_set)).user_id == "user-1"
    with pytest.raises(InvalidToken):
        await caller_of(make_token("x" * 48), key_set)

    assert auth.asked == 0


async def test_while_auth_service_is_away_the_shared_secrets_tokens_open_and_others_wait(
    tmp_path: Path,
) -> None:
    settings = make_settings(tmp_path).model_copy(update={"auth_service_url": "http://127.0.0.1:1"})
    token = eddsa_token(SigningKey.generate(), iss="http://localhost:1", aud="http://localhost:1")
    async with running_service(settings) as http:
        asymmetric = await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        symmetric = await http.get("/v1/me")

    assert symmetric.status_code == 200
    assert (asymmetric.status_code, asymmetric.json()["title"]) == (503, "Keys Unavailable")
    assert asymmetric.headers["retry-after"]


async def test_a_service_that_stops_leaves_no_question_behind(auth: ScriptedAuth) -> None:
    auth.pause = asyncio.Event()
    async with opened(auth.url, Clock()) as key_set:
        asking = asyncio.create_task(caller_of(eddsa_token(auth.make_key()), key_set))
        await auth.reached.wait()
        await key_set.close()
        with pytest.raises(asyncio.CancelledError):
            await asking
        auth.pause.set()


async def test_both_kinds_of_token_open_one_service(auth: ScriptedAuth, tmp_path: Path) -> None:
    settings = make_settings(tmp_path).model_copy(
        update={"auth_service_url": auth.url, "better_auth_url": f"{ORIGIN}/base"}
    )
    token = eddsa_token(auth.make_key())
    async with running_service(settings) as http:
        replies: list[httpx.Response] = [
            await http.get("/v1/me", headers={"Authorization": f"Bearer {each}"})
            for each in (token, make_token())
        ]

    assert [reply.json()["user_id"] for reply in replies] == ["user-1", "user-1"]
