"""What is known of revoked tokens, and how it comes to be known."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from timeit import repeat
from typing import Literal

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api_service.identity.caller import Caller
from api_service.identity.revocations import Page, Revocations
from api_service.problems import InvalidToken, RevocationsUnknown
from service_kit.logs import configure_logs
from tests.api_service.callers import make_caller
from tests.api_service.scripted_feed import entry, page, scripted_feed
from tests.api_service.service import bearer, make_settings, make_token, running_service

NOW = datetime.now(UTC).replace(microsecond=0)
AWAY = PlainTextResponse("", status_code=503)
Mode = Literal["off", "best-effort", "required"]


def caller(user: str = "user-1", session: str = "session-1", issued_at: datetime = NOW) -> Caller:
    ends = NOW + timedelta(days=7)
    return make_caller(user, session=session, issued_at=issued_at, expires_at=ends)


def told(reply: Response) -> Page:
    return Page.model_validate(json.loads(bytes(reply.body)))


def knowing(*entries: object, required: bool = False) -> Revocations:
    revocations = Revocations(required=required, silence_seconds=60)
    revocations.learn(told(page(*entries, anew=True)))
    return revocations


def counts(revocations: Revocations, who: Caller) -> bool:
    try:
        revocations.check(who)
    except InvalidToken:
        return False
    return True


def test_tokens_of_an_ended_session_count_no_more_and_others_do() -> None:
    revocations = knowing(entry("session", "session-1"))

    assert not counts(revocations, caller())
    assert not counts(revocations, caller(issued_at=NOW + timedelta(days=1)))
    assert counts(revocations, caller(session="session-2"))
    assert counts(revocations, caller(user="session-1", session=""))


def test_tokens_of_a_deleted_user_count_no_more() -> None:
    revocations = knowing(entry("user", "user-1"))

    assert not counts(revocations, caller(session="any"))
    assert counts(revocations, caller(user="user-2", session="user-1"))


def test_tokens_issued_from_the_second_of_a_new_password_on_count() -> None:
    revocations = knowing(entry("user", "user-1", not_before=int(NOW.timestamp())))

    assert not counts(revocations, caller(issued_at=NOW - timedelta(seconds=1)))
    assert counts(revocations, caller(issued_at=NOW))


def test_of_several_entries_about_one_id_the_last_counts() -> None:
    revocations = knowing(
        entry("session", "session-1"),
        entry("session", "session-1", not_before=int(NOW.timestamp())),
    )

    assert counts(revocations, caller())
    assert not counts(revocations, caller(issued_at=NOW - timedelta(seconds=1)))


def test_entries_of_a_kind_not_known_here_are_left_alone() -> None:
    assert counts(knowing(entry("planet", "user-1")), caller())


def test_entries_leave_when_no_token_they_are_about_can_live() -> None:
    over, lasting = time.time() - 1, time.time() + 60
    revocations = knowing(
        entry("session", "session-1", until=over),
        entry("session", "session-2", until=lasting),
        entry("user", "user-1", until=over),
    )

    assert counts(revocations, caller())
    assert not counts(revocations, caller(session="session-2"))
    assert revocations.told()["entries"] == 1


def test_what_is_told_anew_takes_the_olds_place_when_it_is_whole() -> None:
    revocations = knowing(entry("session", "old"))

    revocations.learn(told(page(entry("session", "new"), anew=True, more=True)))
    assert not counts(revocations, caller(session="old"))
    assert counts(revocations, caller(session="new"))

    revocations.learn(told(page(entry("session", "newer"))))
    assert counts(revocations, caller(session="old"))
    assert not counts(revocations, caller(session="new"))
    assert not counts(revocations, caller(session="newer"))


class TurnedClock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("required", [True, False])
def test_a_feed_silent_for_too_long_refuses_tokens_where_it_is_required(required: bool) -> None:
    clock = TurnedClock()
    revocations = Revocations(required=required, silence_seconds=60, clock=clock)

    def accepts(who: Caller) -> bool:
        try:
            revocations.check(who)
        except RevocationsUnknown:
            return False
        return True

    assert (accepts(caller()), revocations.state) == (not required, "starting")
    revocations.learn(told(page(entry("session", "ended"), anew=True, more=True)))
    assert (accepts(caller()), revocations.state) == (not required, "starting")
    revocations.learn(told(page()))
    assert (accepts(caller()), revocations.state) == (True, "following")
    clock.seconds += 60
    assert accepts(caller())
    clock.seconds += 0.1
    assert (accepts(caller()), revocations.state) == (not required, "silent")
    with pytest.raises(InvalidToken):  # what is known stays known
        revocations.check(caller(session="ended"))
    revocations.learn(told(page()))
    assert accepts(caller())


def test_a_check_takes_less_than_five_microseconds() -> None:
    entries = (entry("session", f"{n:032x}") for n in range(20_000))
    revocations = knowing(*entries, *(entry("user", f"{n:032x}") for n in range(20_000)))
    who = caller("u" * 32, "s" * 32)

    seconds = min(repeat(lambda: revocations.check(who), number=20_000, repeat=5)) / 20_000

    assert seconds < 5e-6


@asynccontextmanager
async def service(
    folder: Path, auth_service: str, mode: Mode, silence: float = 60.0
) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(folder, revocations=mode, auth_service=auth_service, silence=silence)
    async with running_service(settings) as http:
        yield http


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 -- what is waited for happens in another service
            await asyncio.sleep(0.02)


async def test_a_revoked_token_is_refused_from_the_first_request_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("api-service", "json", "INFO")
    told_in_two = (
        page(entry("session", "session-1"), last="1-1", anew=True, more=True),
        page(entry("user", "user-2"), last="2-2"),
        None,
    )
    async with (
        scripted_feed(*told_in_two) as feed,
        service(tmp_path, feed.address, "best-effort") as http,
    ):
        refused = await http.get("/v1/me")
        user = await http.get("/v1/me", headers=bearer(make_token(sub="user-2", sid="other")))
        other = await http.get("/v1/me", headers=bearer(make_token(sid="other")))

    assert (refused.status_code, user.status_code, other.status_code) == (401, 401, 200)
    assert refused.headers["content-type"] == "application/problem+json"
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert refused.json()["type"] == "/problems/invalid-token"
    assert refused.json()["detail"] == "The token has been revoked."
    assert feed.asked == [None, "1-1", "2-2"]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    causes = [line["cause"] for line in lines if line["event"] == "refused"]
    assert causes == ["SessionRevoked", "UserRevoked"]


async def test_ready_says_how_it_stands_with_the_feed(tmp_path: Path) -> None:
    async with (
        scripted_feed(page(entry("session", "a"), anew=True), None) as feed,
        service(tmp_path, feed.address, "best-effort") as http,
    ):
        reply = (await http.get("/ready")).json()

    assert reply["status"] == "ready"
    assert reply["dependencies"]["revocations"] == "ok"
    details = reply["details"]["revocations"]
    assert (details["state"], details["entries"]) == ("following", 1)
    assert 0 <= details["age_seconds"] < 5


@pytest.mark.parametrize(
    ("mode", "asked", "ready"), [("best-effort", 200, 200), ("required", 503, 503)]
)
async def test_it_starts_while_auth_service_is_away(
    tmp_path: Path, mode: Mode, asked: int, ready: int
) -> None:
    started = time.monotonic()
    async with service(tmp_path, "http://127.0.0.1:1", mode) as http:
        seconds = time.monotonic() - started
        me = await http.get("/v1/me")
        wrong = await http.get("/v1/me", headers=bearer(make_token(secret="x" * 40)))
        told_ready = await http.get("/ready")

    assert seconds < 5
    assert me.status_code == asked
    assert wrong.status_code == 401
    assert told_ready.status_code == ready
    assert told_ready.json()["dependencies"]["revocations"] == "unavailable"
    assert told_ready.json()["details"]["revocations"]["state"] == "starting"
    if mode == "required":
        assert me.json()["type"] == "/problems/revocations-unknown"
        assert me.headers["retry-after"] == "5"


async def test_switched_off_nobody_is_asked(tmp_path: Path) -> None:
    async with (
        scripted_feed(page(entry("session", "session-1"), anew=True)) as feed,
        service(tmp_path, feed.address, "off") as http,
    ):
        assert (await http.get("/v1/me")).status_code == 200
        assert "revocations" not in (await http.get("/ready")).text

    assert feed.asked == []


@pytest.mark.parametrize(
    "nonsense",
    [
        AWAY,
        PlainTextResponse("not json"),
        JSONResponse([]),
        JSONResponse({"entries": [], "last": "1-1"}),
        JSONResponse({"entries": [{"kind": "user"}], "last": "", "anew": False, "more": False}),
        PlainTextResponse('{"entries": ' + "[" * 100_000, media_type="application/json"),
    ],
    ids=["away", "text", "list", "members missing", "entries wrong", "nested"],
)
async def test_a_feed_that_answers_nonsense_is_asked_again_from_where_it_was(
    tmp_path: Path, nonsense: Response, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("api-service", "json", "INFO")
    replies = (page(last="1-1", anew=True), nonsense, page(entry("user", "user-1"), last="2-2"))
    async with (
        scripted_feed(*replies, None) as feed,
        service(tmp_path, feed.address, "best-effort") as http,
    ):
        await until(lambda: len(feed.asked) == 4)
        assert (await http.get("/v1/me")).status_code == 401

    assert feed.asked == [None, "1-1", "1-1", "2-2"]
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events.count("revocations_silent") == 1
    assert events.count("revocations_heard_again") == 1


async def test_a_database_brought_back_is_learned_anew(tmp_path: Path) -> None:
    replies = (
        page(entry("session", "session-1"), last="9-9", anew=True),
        page(entry("session", "other"), last="3-3", anew=True),
    )
    async with (
        scripted_feed(*replies, None) as feed,
        service(tmp_path, feed.address, "best-effort") as http,
    ):
        await until(lambda: len(feed.asked) == 3)
        assert (await http.get("/v1/me")).status_code == 200
        other = await http.get("/v1/me", headers=bearer(make_token(sid="other")))
        assert other.status_code == 401

    assert feed.asked == [None, "9-9", "3-3"]


async def test_a_start_does_not_wait_long_for_a_feed_that_hangs(tmp_path: Path) -> None:
    started = time.monotonic()
    async with (
        scripted_feed(None) as feed,
        service(tmp_path, feed.address, "best-effort") as http,
    ):
        assert time.monotonic() - started < 5
        assert (await http.get("/v1/me")).status_code == 200
