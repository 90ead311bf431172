import asyncio
import json
import logging
import time
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from service_kit.crashes import CrashMiddleware
from service_kit.logs import AccessLogMiddleware, configure_logs
from service_kit.metrics import measured
from service_kit.metrics.dropped import DROPPED
from service_kit.request_id import RequestIdMiddleware
from service_kit.sentry import CRUMBS, EVENTS_A_MINUTE, BreadcrumbMiddleware, Sentry
from service_kit.settings import BadSettings
from service_kit.telemetry_settings import TelemetrySettings
from tests.loopback import free_port
from tests.service_kit.asgi import client, crash
from tests.service_kit.metrics.reading import parsed, value
from tests.service_kit.scripted_sentry import KEY, ScriptedSentry, scripted_sentry

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def telling(dsn: str, **values: object) -> Sentry:
    settings = TelemetrySettings.model_validate({"SENTRY_DSN": dsn, **values})
    sentry = Sentry("test-service", settings)
    configure_logs("test-service", "json", "INFO", watch=sentry)
    return sentry


async def flushed(sentry: Sentry) -> None:
    await asyncio.to_thread(sentry.flush, 20)


async def crashing(scope: Scope, receive: Receive, _send: Send) -> None:
    await crash(Request(scope, receive))


def app() -> RequestIdMiddleware:
    return RequestIdMiddleware(
        BreadcrumbMiddleware(
            AccessLogMiddleware(
                CrashMiddleware(crashing, render=lambda: PlainTextResponse(status_code=500))
            )
        )
    )


async def crashed(script: ScriptedSentry, words: str, **values: object) -> dict[str, Any]:
    """Let a request crash; return the event that tells of it."""
    sentry = telling(script.dsn, **values)
    headers = {"x-request-id": "the-request", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    async with client(app()) as http:
        reply = await http.get(f"/crash?words={words}", headers=headers)
    assert reply.status_code == 500
    await flushed(sentry)
    (event,) = script.events
    return event


async def test_a_crash_is_told_with_its_place_request_and_trace() -> None:
    async with scripted_sentry() as script:
        event = await crashed(
            script, "marked-words", SENTRY_ENVIRONMENT="staging", SENTRY_RELEASE="book@7"
        )

    assert (event["environment"], event["release"], event["level"]) == (
        "staging",
        "book@7",
        "error",
    )
    assert event["message"] == "request_crashed"
    assert event["tags"] == {
        "service": "test-service",
        "event": "request_crashed",
        "request_id": "the-request",
    }
    assert event["contexts"]["trace"]["trace_id"] == TRACE
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("RuntimeError", "")
    last = error["stacktrace"]["frames"][-1]
    assert (last["function"], last["filename"]) == ("crash", "tests/service_kit/asgi.py")
    assert isinstance(last["lineno"], int)


async def test_nothing_else_leaves() -> None:
    async with scripted_sentry() as script:
        event = await crashed(script, "marked-words")

    assert "marked" not in script.raw
    assert "words" not in json.dumps(event).replace("request.query", "")
    assert event.keys() == {
        *("event_id", "timestamp", "platform", "level", "environment", "release", "sdk"),
        *("server_name", "message", "tags", "extra", "contexts", "exception"),
    }
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    names = {"filename", "function", "module", "lineno", "in_app"}
    assert all(frame.keys() <= names for frame in frames)
    assert script.other == []
    assert event["release"].startswith("ai-book-backend@")


async def test_the_lines_before_it_come_along_those_of_other_requests_do_not() -> None:
    log = structlog.get_logger()
    async with scripted_sentry() as script:
        sentry = telling(script.dsn)

        async def fails(scope: object, receive: object, send: object) -> None:
            for number in range(CRUMBS):
                log.info("step", number=number, seconds=0.5, path="/v1/{x}", text="marked words")
            await asyncio.sleep(0)
            log.error("mail_lost", reason="crashed", name="Marked Name", ok=True)

        served = RequestIdMiddleware(BreadcrumbMiddleware(fails))

        async def serve() -> None:
            await served({"type": "http", "headers": []}, _nothing, _nothing)

        await asyncio.gather(serve(), serve())
        log.info("outside")
        await flushed(sentry)

    assert "arked" not in script.raw
    for event in script.events:
        crumbs = event["breadcrumbs"]["values"]
        assert [crumb["data"]["number"] for crumb in crumbs] == list(range(CRUMBS))
        assert crumbs[0]["message"] == "step"
        assert crumbs[0]["data"] == {
            "number": 0,
            "seconds": 0.5,
            "path": "/v1/{x}",
            "text": "[withheld]",
        }
        assert event["extra"] == {"reason": "crashed", "name": "[withheld]", "ok": True}
        assert "exception" not in event
    assert len({event["tags"]["request_id"] for event in script.events}) == 2


async def _nothing(*_message: object) -> Any:  # noqa: ANN401 -- ASGI's, both of them
    return None


async def test_a_librarys_line_is_told_by_its_place() -> None:
    async with scripted_sentry() as script:
        sentry = telling(script.dsn)
        try:
            int("marked words")
        except ValueError:
            logging.getLogger("some.library").exception("Marked words: %s", "marked")
        logging.getLogger("some.library").error("Marked words", exc_info=ValueError("marked"))
        await flushed(sentry)

    assert "arked" not in script.raw
    place = f"some.library:{test_a_librarys_line_is_told_by_its_place.__name__}"
    assert [event["message"] for event in script.events] == [place, place]
    assert [event["exception"]["values"][0]["type"] for event in script.events] == [
        "ValueError",
        "ValueError",
    ]


async def test_causes_are_told_without_their_texts() -> None:
    async with scripted_sentry() as script:
        sentry = telling(script.dsn)
        failure = RuntimeError("marked")
        failure.__cause__ = KeyError("marked")
        structlog.get_logger().error("failed", exc_info=failure)
        await flushed(sentry)

    assert "marked" not in script.raw
    (event,) = script.events
    assert {error["type"] for error in event["exception"]["values"]} == {
        "KeyError",
        "RuntimeError",
    }


async def test_warnings_are_not_told() -> None:
    async with scripted_sentry() as script:
        sentry = telling(script.dsn)
        structlog.get_logger().warning("dependency_unavailable")
        await flushed(sentry)

    assert script.raw == ""


async def test_of_many_failures_some_are_told_and_nobody_waits() -> None:
    async with scripted_sentry() as script:
        script.pause = asyncio.Event()
        sentry = telling(script.dsn)
        started = time.monotonic()
        for _ in range(1000):
            structlog.get_logger().error("failed")
        assert time.monotonic() - started < 5
        await asyncio.wait_for(script.reached.wait(), 20)
        script.pause.set()
        script.pause = None
        await flushed(sentry)

    assert len(script.events) == EVENTS_A_MINUTE


async def test_events_lost_are_counted() -> None:
    with measured([DROPPED]) as recording:
        sentry = telling(f"http://{KEY}@127.0.0.1:{free_port()}/7")
        for _ in range(EVENTS_A_MINUTE + 5):
            structlog.get_logger().error("failed")
        await flushed(sentry)
        told = parsed(generate_latest(recording.registry).decode())

    assert value(told, "telemetry_dropped_total", to="sentry") == EVENTS_A_MINUTE + 5


async def test_none_are_told_at_a_rate_of_none() -> None:
    async with scripted_sentry() as script:
        sentry = telling(script.dsn, SENTRY_SAMPLE_RATE=0.0)
        structlog.get_logger().error("failed")
        await flushed(sentry)

    assert script.events == []


@pytest.mark.parametrize("status", [429, 500])
async def test_a_sentry_that_refuses_does_no_harm_and_that_is_said_once(
    status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    async with scripted_sentry() as script:
        script.status = status
        sentry = telling(script.dsn)
        for _ in range(3):
            structlog.get_logger().error("failed")
            await flushed(sentry)

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["event"] for line in lines if line["level"] == "error"] == ["failed"] * 3
    (away,) = (line for line in lines if line["level"] == "warning")
    assert (away["event"], away["reason"]) == ("sentry_away", f"status_{status}")


async def test_a_sentry_that_is_gone_holds_nothing_up(capfd: pytest.CaptureFixture[str]) -> None:
    sentry = telling(f"http://{KEY}@127.0.0.1:{free_port()}/7")
    started = time.monotonic()
    structlog.get_logger().error("failed")
    await asyncio.to_thread(sentry.flush, 1.0)
    assert time.monotonic() - started < 10

    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events == ["failed", "sentry_away"]


@pytest.mark.parametrize("dsn", ["marked", "https://sentry.test/7", "https://marked@sentry.test/"])
def test_what_is_no_dsn_is_refused_in_a_sentence(dsn: str) -> None:
    with pytest.raises(BadSettings, match=r"^SENTRY_DSN is none such as") as refused:
        telling(dsn)
    assert "marked" not in str(refused.value)
