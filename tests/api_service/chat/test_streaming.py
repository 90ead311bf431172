"""The stream over HTTP: its beginning, its silence, its end, and a reader who leaves."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope

from api_service.chat.events import Delta, Event, Meta
from api_service.chat.streaming import EventStream
from api_service.chat.voices.sse import NamedEvents
from api_service.problems import ModelUnavailable, Problem
from service_kit.logs import configure_logs
from tests.api_service.book import LIDAR, ingest
from tests.api_service.scripted_openai import (
    Scene,
    breaks_off,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
)
from tests.api_service.service import make_settings, running_service

WORDS = "What is an inertial measurement unit?"
QUESTION = {"message": WORDS}
UI = {"id": "c", "messages": [{"role": "user", "parts": [{"type": "text", "text": WORDS}]}]}
COMPLETION = {"stream": True, "messages": [{"role": "user", "content": WORDS}]}

STREAMS = [
    pytest.param("/v1/chat/stream", QUESTION, id="named events"),
    pytest.param("/v1/chat/ui", UI, id="UI messages"),
    pytest.param("/v1/chat/completions", COMPLETION, id="completion chunks"),
]
WHOLE = [
    pytest.param("/v1/chat", QUESTION, id="JSON"),
    pytest.param("/v1/chat/completions", COMPLETION | {"stream": False}, id="completion"),
]


@pytest_asyncio.fixture(scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(tmp_path_factory.mktemp("service"))
    await ingest(settings)
    async with running_service(settings) as client:
        yield client


def named(stream: str) -> list[tuple[str, dict[str, Any]]]:
    """Return name and data of each event; their ids count from 1."""
    found = []
    for number, block in enumerate(stream.removesuffix("\n\n").split("\n\n"), start=1):
        identifier, name, data = block.split("\n")
        assert identifier == f"id: {number}"
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_an_answer_is_told_in_named_events_that_end_with_done(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("An IMU reports ", "rates [1].\n\nIt — drifts\u2028.")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post("/v1/chat/stream", json=QUESTION)
    events = named(reply.text)
    names = [name for name, _ in events]
    told = [value for name, value in events if name == "delta"]
    done = events[-1][1]

    assert reply.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-store, no-transform"
    assert reply.headers["X-Accel-Buffering"] == "no"
    assert "Content-Encoding" not in reply.headers
    assert (names[:2], names[-1]) == (["meta", "sources"], "done")
    assert "".join(each["text"] for each in told) == (
        "An IMU reports rates [1].\n\nIt — drifts\u2028."
    )
    assert events[0][1]["request_id"] == reply.headers["X-Request-ID"] == done["request_id"]
    assert [each["n"] for each in done["sources"]] == [1]
    assert done["sources"][0] == events[1][1]["sources"][0]
    assert "response" not in done


@pytest.mark.parametrize(("path", "body"), STREAMS)
async def test_a_stream_asks_proxies_to_pass_it_on_as_it_comes(
    http: httpx.AsyncClient, path: str, body: dict[str, object]
) -> None:
    reply = await http.post(path, json=body)

    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    assert reply.headers["X-Accel-Buffering"] == "no"
    assert "no-store" in reply.headers["Cache-Control"]


@pytest.mark.parametrize(("path", "body"), STREAMS)
async def test_a_failure_before_the_first_byte_has_its_own_status(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with running_service(make_settings(tmp_path)) as http:
        reply = await http.post(path, json=body)

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "30")
    assert reply.headers["Content-Type"] != "text/event-stream"
    assert "no book" in reply.text.lower() or "book_missing" in reply.text


@pytest.mark.parametrize(("path", "body"), [STREAMS[1], STREAMS[2]])
async def test_where_nothing_is_said_before_the_first_word_a_model_away_is_a_503(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with scripted_openai() as openai:
        openai.chat = refuses(401)
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post(path, json=body)

    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize("scene", [refuses(401), breaks_off("An IMU reports")])
async def test_a_failure_after_the_sources_is_the_last_event(tmp_path: Path, scene: Scene) -> None:
    async with scripted_openai() as openai:
        openai.chat = scene
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post("/v1/chat/stream", json=QUESTION)
    (name, error) = named(reply.text)[-1]

    assert (reply.status_code, name) == (200, "error")
    assert (error["type"], error["status"]) == ("/problems/model-unavailable", 503)
    assert (error["title"], error["instance"]) == ("Model Unavailable", "/v1/chat/stream")
    assert error["request_id"] == reply.headers["X-Request-ID"]
    assert error["retryable"] is True
    assert error["retry_after"] > 0
    assert "vendor" not in reply.text


async def test_who_answers_in_the_models_place_is_named_before_the_first_word(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai:
        openai.chat = refuses(401)
        settings = make_settings(tmp_path, openai=openai, fallback="extractive")
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post("/v1/chat/stream", json=QUESTION)
    names, told = zip(*named(reply.text), strict=True)

    assert names[:4] == ("meta", "sources", "meta", "delta")
    assert (told[0]["model"], told[0]["mode"]) == ("openai:gpt-4o-mini", "generated")
    assert (told[2]["model"], told[2]["mode"]) == ("extractive:sentences", "extractive")
    assert told[-1]["model"] == told[2]["model"]


@pytest.mark.parametrize(("path", "body"), [STREAMS[1], STREAMS[2]])
async def test_other_streams_end_with_the_failure_too(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with scripted_openai() as openai:
        openai.chat = breaks_off("An IMU reports", " rates and")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post(path, json=body)
    *_, error, end = reply.text.removesuffix("\n\n").split("\n\n")

    assert reply.status_code == 200
    assert end == "data: [DONE]"
    assert "model-unavailable" in error.replace("_", "-")


@pytest.mark.parametrize(("path", "body"), [*STREAMS, *WHOLE])
async def test_a_reader_who_leaves_ends_the_work_upstream(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with scripted_openai() as openai:
        openai.chat = says_then_hangs("An IMU reports ")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            asking = asyncio.create_task(http.post(path, json=body))
            await asyncio.wait_for(openai.reached.wait(), 5)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await asyncio.wait_for(openai.abandoned.wait(), 5)
            again = await http.get("/health")

    assert again.status_code == 200


BEFORE = ("What is a lidar?", "A lidar measures distance by timing light.")
FOLLOW_UP = "What blinds it?"


def follow_up(path: str, body: dict[str, object]) -> dict[str, object]:
    """Return a body that asks for more after something was said."""
    said = [*zip(("user", "assistant"), BEFORE, strict=True), ("user", FOLLOW_UP)]
    if path.endswith("/ui"):
        parts = [{"role": role, "parts": [{"type": "text", "text": text}]} for role, text in said]
        return body | {"messages": parts}
    turns = [{"role": role, "content": text} for role, text in said]
    if path.endswith("/completions"):
        return body | {"messages": turns}
    return {"message": FOLLOW_UP, "history": turns[:-1]}


@pytest.mark.parametrize(("path", "body"), [*STREAMS, *WHOLE])
async def test_what_was_said_before_counts_in_every_voice(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("What blinds a lidar?")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post(path, json=follow_up(path, body))
        asked = openai.asked("/chat/completions")[-1]["messages"]

    assert reply.status_code == 200
    assert LIDAR.text in asked[0]["content"]
    assert asked[-1]["role"] == "user"
    assert FOLLOW_UP in asked[-1]["content"]
    assert all(text in json.dumps(asked) for text in BEFORE)


@pytest.mark.parametrize(("path", "body"), [*STREAMS, *WHOLE])
async def test_the_readers_background_counts_in_every_voice(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("So [1].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            await http.post(path, json=body)
        asked = openai.asked("/chat/completions")[-1]["messages"]

    assert "walking robots" in json.dumps(asked)


@dataclass
class Reader:
    """One who reads what an application sends.

    Attributes:
        takes: Whether pieces of the body are taken in.
        leaves: Set when the reader goes away.
        pinged: Set when silence has been broken.
    """

    takes: bool = True
    sent: list[Message] = field(default_factory=list)
    leaves: asyncio.Event = field(default_factory=asyncio.Event)
    pinged: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message.get("body") == b": ping\n\n":
            self.pinged.set()
        if not self.takes:
            await asyncio.sleep(60)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


SCOPE: Scope = {"type": "http", "path": "/v1/chat/stream"}
META = Meta(model="openai:gpt-4o-mini", mode="generated")


def streamed(
    events: AsyncGenerator[Event], *, ping: float = 10.0, stalled: float = 30.0
) -> EventStream:
    voice = NamedEvents("request-1", "/v1/chat/stream")
    return EventStream(events, voice, ping_seconds=ping, stalled_seconds=stalled)


async def test_silence_is_broken_also_before_anything_is_known() -> None:
    reader = Reader()

    async def slowly() -> AsyncGenerator[Event]:
        yield META
        await reader.pinged.wait()
        yield Delta("An IMU")
        raise ModelUnavailable("The model does not answer.")

    await streamed(slowly(), ping=0.01)(SCOPE, reader.receive, reader.send)

    assert reader.sent[0]["status"] == 200
    assert reader.body.startswith(b": ping\n\n")
    assert b"event: error\n" in reader.body
    assert reader.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_crash_in_the_middle_says_nothing_of_itself(
    capfd: pytest.CaptureFixture[str],
) -> None:
    reader = Reader()

    async def crashing() -> AsyncGenerator[Event]:
        yield META
        yield Delta("An IMU")
        int(WORDS)

    configure_logs("api-service", "json", "INFO")  # which leave its text out
    await streamed(crashing())(SCOPE, reader.receive, reader.send)
    printed = capfd.readouterr()

    assert b"/problems/unexpected" in reader.body
    assert b'"retryable":false,"retry_after":null' in reader.body
    assert b"inertial" not in reader.body
    assert "request_crashed" in printed.out + printed.err
    assert "inertial" not in printed.out + printed.err


async def test_an_answer_without_an_end_is_not_taken_for_a_whole_one() -> None:
    reader = Reader()

    async def broken() -> AsyncGenerator[Event]:
        yield META
        yield Delta("An IMU")

    await streamed(broken())(SCOPE, reader.receive, reader.send)

    assert b"event: error" in reader.body


@pytest.mark.parametrize("failure", [ModelUnavailable("It is away."), ValueError("words")])
async def test_what_fails_before_the_first_byte_is_raised(failure: Exception) -> None:
    reader = Reader()

    async def failing() -> AsyncGenerator[Event]:
        yield META
        raise failure

    with pytest.raises((Problem, ValueError)):
        await streamed(failing())(SCOPE, reader.receive, reader.send)
    assert reader.sent == []


async def test_a_reader_who_leaves_before_the_first_byte_is_told_nothing() -> None:
    reader = Reader()
    closed = asyncio.Event()

    async def waiting() -> AsyncGenerator[Event]:
        try:
            yield META
            await asyncio.sleep(60)
        finally:
            closed.set()

    reader.leaves.set()
    with pytest.raises(ClientDisconnect):
        await streamed(waiting())(SCOPE, reader.receive, reader.send)
    assert reader.sent == []


@pytest.mark.parametrize("says_something", [True, False])
async def test_a_reader_who_takes_nothing_in_counts_as_gone(says_something: bool) -> None:
    reader = Reader(takes=False)
    closed = asyncio.Event()

    async def telling() -> AsyncGenerator[Event]:
        try:
            yield META
            while says_something:
                yield Delta("An IMU")
            await asyncio.sleep(60)
        finally:
            closed.set()

    await asyncio.wait_for(
        streamed(telling(), ping=0.01, stalled=0.05)(SCOPE, reader.receive, reader.send), 5
    )
    assert closed.is_set()


@pytest.mark.parametrize("begun", [True, False])
async def test_a_service_that_stops_says_so_where_it_has_begun_to_speak(begun: bool) -> None:
    reader = Reader()
    reached = asyncio.Event()

    async def telling() -> AsyncGenerator[Event]:
        yield META
        if begun:
            yield Delta("An IMU")
        reached.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(streamed(telling())(SCOPE, reader.receive, reader.send))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (b"event: error" in reader.body) == begun
    assert (b"/problems/unavailable" in reader.body) == begun
    assert [message.get("more_body") for message in reader.sent][-1:] == [False][:begun]
