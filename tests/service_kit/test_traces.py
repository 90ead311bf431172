"""The middleware and its spans, sent by the real exporter to a collector that reads them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service_kit import trace_context
from service_kit.logs import configure_logs
from service_kit.metrics import measured
from service_kit.metrics.dropped import DROPPED
from service_kit.request_id import RequestIdMiddleware, headers_of_the_request
from service_kit.trace_export import Tracing
from service_kit.trace_settings import TraceSettings
from service_kit.traces import TracingMiddleware, begun_span, end, span
from tests.auth_service.service import CHECKOUT, bare_environment
from tests.service_kit.asgi import client
from tests.service_kit.metrics.reading import parsed, value
from tests.service_kit.otlp_collector import Collector, collecting

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def work(_request: Request) -> Response:
    with span("outer", {"gen_ai.x": "a", "counted": 3}) as outer:
        outer.set_attribute("late", 1.5)
        async with asyncio.TaskGroup() as both:
            both.create_task(inner())
        told = headers_of_the_request()["traceparent"]
    drawn = begun_span("drawn", client=True)
    end(drawn, ValueError("secret words"))
    return PlainTextResponse(told)


async def inner() -> None:
    with span("inner"):
        await asyncio.sleep(0)


async def fail(_request: Request) -> Response:
    with span("failing"):
        raise RuntimeError("secret words")


async def health(_request: Request) -> Response:
    return PlainTextResponse("here")


@asynccontextmanager
async def traced(**settings: str) -> AsyncIterator[httpx.AsyncClient]:
    """An application whose spans are sent when the block is left."""
    tracing = Tracing("tested", TraceSettings.model_validate(settings))
    app = Starlette(
        routes=[
            Route("/work/{secret}", work),
            Route("/fail", fail),
            Route("/health", health),
        ]
    )
    guarded = RequestIdMiddleware(TracingMiddleware(app, tracer=tracing.tracer))
    async with tracing.opened(), client(guarded) as http:
        yield http


async def record(path: str, headers: dict[str, str] | None = None, **settings: str) -> Collector:
    with collecting() as collector:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, **settings}
        async with traced(**where) as http:
            await http.get(path, headers=headers)
    return collector


async def test_a_request_is_a_span_and_what_it_does_are_parts_of_it() -> None:
    collector = await record("/work/secret-in-path?secret=in-query")

    (server,) = collector.named("GET /work/{secret}")
    (outer,) = collector.named("outer")
    (within,) = collector.named("inner")
    (drawn,) = collector.named("drawn")
    assert (server.service, server.kind, server.parent) == ("tested", "SERVER", "")
    assert server.attributes["http.response.status_code"] == 200
    assert server.attributes["http.route"] == "/work/{secret}"
    assert outer.attributes == {"gen_ai.x": "a", "counted": 3, "late": 1.5}
    assert (outer.parent, within.parent, drawn.parent) == (server.id, outer.id, server.id)
    assert {each.trace for each in collector.spans} == {server.trace}
    assert server.began <= outer.began <= within.began <= within.ended <= outer.ended
    assert outer.ended <= server.ended


async def test_no_text_of_a_request_or_an_error_is_sent() -> None:
    collector = await record("/work/secret-in-path?secret=in-query", {"X-Secret": "secret"})

    (drawn,) = collector.named("drawn")
    assert drawn.failed
    assert drawn.kind == "CLIENT"
    assert drawn.attributes["error.type"] == "ValueError"
    for secret in (b"secret-in-path", b"in-query", b"secret words", b"X-Secret"):
        assert not any(secret in body for body in collector.bodies), secret


async def test_a_callers_trace_is_continued_and_told_on() -> None:
    with collecting() as collector:
        async with traced(OTEL_EXPORTER_OTLP_ENDPOINT=collector.address) as http:
            reply = await http.get("/work/x", headers={"traceparent": CALLERS})

    (server,) = collector.named("GET /work/{secret}")
    (outer,) = collector.named("outer")
    assert (server.trace, server.parent) == (CALLERS[3:35], CALLERS[36:52])
    assert reply.text == f"00-{server.trace}-{outer.id}-01"
    assert reply.headers["traceparent"] == f"00-{server.trace}-{server.id}-01"


async def test_a_caller_who_does_not_record_decides_for_us() -> None:
    collector = await record("/work/x", {"traceparent": CALLERS[:-1] + "0"})

    assert collector.spans == []


async def test_a_part_of_the_traces_begun_here_is_recorded() -> None:
    none = await record("/work/x", OTEL_TRACES_SAMPLER_ARG="0")
    continued = await record("/work/x", {"traceparent": CALLERS}, OTEL_TRACES_SAMPLER_ARG="0")

    assert none.spans == []
    assert continued.named("outer")


@pytest.mark.parametrize("part", ["0", "1"])
async def test_a_reply_says_whether_the_trace_begun_here_is_recorded(part: str) -> None:
    with collecting() as collector:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_TRACES_SAMPLER_ARG": part}
        async with traced(**where) as http:
            reply = await http.get("/work/x")

    _, trace, own, flags = reply.headers["traceparent"].split("-")
    assert int(flags, 16) & 1 == int(part)
    assert [(each.trace, each.id) for each in collector.named("GET /work/{secret}")] == [
        (trace, own)
    ] * int(part)


async def test_a_crash_fails_its_spans_and_tells_no_text() -> None:
    collector = await record("/fail")

    (server,) = collector.named("GET /fail")
    (failing,) = collector.named("failing")
    assert server.failed
    assert server.attributes["error.type"] == "500"
    assert failing.attributes == {"error.type": "RuntimeError"}


async def test_probes_are_no_traces() -> None:
    assert (await record("/health")).spans == []


async def test_headers_are_sent_along() -> None:
    collector = await record("/fail", OTEL_EXPORTER_OTLP_HEADERS="api-key=a%20key, tenant=book")

    assert collector.headers[0]["path"] == "/v1/traces"
    assert collector.headers[0]["api-key"] == "a key"
    assert collector.headers[0]["tenant"] == "book"


@pytest.mark.parametrize("status", [400, 503])
async def test_a_collector_that_refuses_costs_a_request_nothing(status: int) -> None:
    with collecting() as collector:
        collector.status = status
        async with traced(OTEL_EXPORTER_OTLP_ENDPOINT=collector.address) as http:
            assert (await http.get("/work/x")).status_code == 200
    assert collector.spans == []


async def test_a_collector_that_is_away_is_told_of_once_and_its_spans_are_counted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")
    with collecting() as collector, measured([DROPPED]) as recording:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address}
        collector.status = 400
        tracing = Tracing("tested", TraceSettings.model_validate(where))
        async with tracing.opened():
            guarded = RequestIdMiddleware(
                TracingMiddleware(PlainTextResponse("here"), tracer=tracing.tracer)
            )
            async with client(guarded) as http:
                for _ in range(600):  # more than a batch
                    await http.get("/")
        told = parsed(generate_latest(recording.registry).decode())

    (line,) = map(json.loads, capfd.readouterr().err.splitlines())
    assert (line["event"], line["level"]) == ("collector_away", "warning")
    assert value(told, "telemetry_dropped_total", to="collector") in {512, 600}


async def test_where_traces_are_off_nothing_is_recorded() -> None:
    async with traced() as http:
        reply = await http.get("/work/x", headers={"traceparent": CALLERS})

    assert reply.text.startswith(CALLERS[:35])
    assert not Tracing("tested", TraceSettings()).on


def test_outside_of_a_request_a_span_is_nothing() -> None:
    with span("alone") as alone:
        assert not alone.is_recording()
    assert trace_context.current() is None


async def leave(_request: Request) -> Response:
    gone = begun_span("given up")
    end(gone, asyncio.CancelledError())
    return PlainTextResponse("")


async def test_what_nobody_waits_for_any_more_has_not_failed() -> None:
    with collecting() as collector:
        tracing = Tracing("tested", TraceSettings(OTEL_EXPORTER_OTLP_ENDPOINT=collector.address))
        app = TracingMiddleware(Starlette(routes=[Route("/", leave)]), tracer=tracing.tracer)
        async with tracing.opened(), client(RequestIdMiddleware(app)) as http:
            await http.get("/")

    (gone,) = collector.named("given up")
    assert not gone.failed
    assert gone.attributes == {"cancelled": True}


DISABLED = """
import asyncio
from tests.service_kit.test_traces import CALLERS, traced

async def ask():
    async with traced(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1") as http:
        print((await http.get("/work/x", headers={"traceparent": CALLERS})).text)
        print((await http.get("/work/x")).text)

asyncio.run(ask())
"""


def test_where_the_sdk_is_disabled_traces_are_told_on_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DISABLED],
        cwd=CHECKOUT,
        env=bare_environment(OTEL_SDK_DISABLED="true"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    continued, begun = done.stdout.split()

    assert continued.startswith(CALLERS[:36])
    assert all(each[36:52] != "0" * 16 for each in (continued, begun))
