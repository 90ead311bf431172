import asyncio
import re

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service_kit import trace_context
from service_kit.request_id import RequestIdMiddleware, headers_of_the_request
from service_kit.trace_context import continued, current_trace_id
from tests.service_kit.asgi import application, client

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def app() -> RequestIdMiddleware:
    served = application()

    async def onwards(_request: Request) -> Response:
        return JSONResponse(headers_of_the_request())

    served.add_route("/onwards", onwards)
    return RequestIdMiddleware(served)


async def answered(*traceparents: str, **others: str) -> httpx.Response:
    headers = [*(("traceparent", each) for each in traceparents), *others.items()]
    async with client(app()) as http:
        return await http.get("/onwards", headers=headers)


async def test_a_callers_trace_goes_on_under_a_span_of_this_service() -> None:
    reply = await answered(f"00-{TRACE}-{SPAN}-01", tracestate="vendor=1, other=2")

    version, trace, span, flags = reply.headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert re.fullmatch("[0-9a-f]{16}", span)
    assert span != SPAN
    assert reply.json() == {
        "traceparent": reply.headers["traceparent"],
        "tracestate": "vendor=1, other=2",
        "X-Request-ID": reply.headers["x-request-id"],
    }


async def test_a_request_without_a_trace_begins_one_that_nobody_need_record() -> None:
    first, second = await answered(), await answered()

    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", first.headers["traceparent"])
    assert first.headers["traceparent"][3:35] != second.headers["traceparent"][3:35]
    assert "tracestate" not in first.json()


@pytest.mark.parametrize(
    "told",
    [
        "",
        "marked",
        TRACE,
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01more",
        f" 00-{TRACE}-{SPAN}-01 x",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
    ],
)
async def test_what_is_no_trace_is_replaced(told: str) -> None:
    reply = await answered(told, tracestate="vendor=1")

    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", reply.headers["traceparent"])
    assert reply.headers["traceparent"][3:35] not in {TRACE, "0" * 32}
    assert "tracestate" not in reply.json()


async def test_two_traces_are_none() -> None:
    parents = [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE[::-1]}-{SPAN}-01"]
    reply = await answered(*parents)

    assert reply.headers["traceparent"][3:35] not in {TRACE, TRACE[::-1]}


async def test_a_version_to_come_is_read_as_far_as_it_is_known() -> None:
    reply = await answered(f"cc-{TRACE}-{SPAN}-fd-what-will-be")

    assert reply.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert reply.headers["traceparent"].endswith("-01")


@pytest.mark.parametrize(
    "state",
    [
        "vendor=" + "x" * 600,
        ",".join(f"v{number}=1" for number in range(33)),
        "v=\x7f",
        "v=\xe9",
        "What is a lidar?",
        "reader@book.example",
        "Vendor=1",
        "v=1;w=2=3",
        "v=",
    ],
)
def test_a_state_that_is_long_or_not_well_formed_is_left_behind(state: str) -> None:
    trace = continued(
        [(b"traceparent", f"00-{TRACE}-{SPAN}-01".encode()), (b"tracestate", state.encode())]
    )

    assert (trace.trace_id, trace.parent_id, trace.state) == (TRACE, SPAN, "")


@pytest.mark.parametrize("state", ["rojo=00f067aa0ba902b7", "dd=s:1;o:rum, a@b=c d,", "1=2 "])
def test_a_state_that_is_well_formed_is_carried_on(state: str) -> None:
    parent = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())

    assert continued([parent, (b"tracestate", state.encode())]).state == state


def test_states_of_several_headers_are_one_list() -> None:
    parent = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())
    trace = continued([parent, (b"tracestate", b"one=1"), (b"tracestate", b"two=2")])

    assert trace.state == "one=1,two=2"


async def test_requests_at_the_same_time_keep_their_own() -> None:
    traces = [f"{number:032x}" for number in range(1, 30)]
    replies = await asyncio.gather(*(answered(f"00-{each}-{SPAN}-01") for each in traces))

    assert [reply.json()["traceparent"][3:35] for reply in replies] == traces


def test_outside_of_a_request_there_is_no_trace() -> None:
    assert trace_context.current() is None
    assert current_trace_id() == ""
    assert headers_of_the_request() == {}
