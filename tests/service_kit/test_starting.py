import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from service_kit.logs import configure_logs
from service_kit.settings import BadSettings
from service_kit.starting import StartMiddleware


async def lived(*, start: Exception | None = None, end: Exception | None = None) -> list[Message]:
    """Return what a server hears of an application that starts and ends."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if start:
            raise start
        yield
        if end:
            raise end

    heard: list[Message] = []
    told = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive() -> Message:
        return {"type": next(told)}

    async def send(message: Message) -> None:
        heard.append(message)

    app = StartMiddleware(Starlette(lifespan=lifespan), explained=(BadSettings,))
    try:
        await app({"type": "lifespan", "state": {}}, receive, send)
    except (BadSettings, RuntimeError):
        assert start or end
    return heard


async def test_what_explains_itself_is_said_in_its_own_words() -> None:
    (failed,) = await lived(start=BadSettings("SENTRY_DSN is none"))

    assert failed == {"type": "lifespan.startup.failed", "message": "SENTRY_DSN is none"}


@pytest.mark.parametrize("part", ["start", "end"])
async def test_what_nobody_expected_is_told_by_its_place_and_not_by_its_text(
    part: str, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("test-service", "json", "INFO")
    error = RuntimeError("marked words")
    *_, failed = await (lived(start=error) if part == "start" else lived(end=error))

    assert failed["type"].endswith(".failed")
    assert "marked" not in failed["message"]
    line = json.loads(capfd.readouterr().err)
    assert (line["event"], line["part"], line["error"]) == ("lifespan_failed", part, "RuntimeError")
    assert "in lifespan" in line["traceback"]
    assert "marked words" not in json.dumps(line)


async def test_what_goes_well_is_passed_on() -> None:
    heard = await lived()

    assert [message["type"] for message in heard] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
