import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from service_kit.connections import ConnectionLimits, ServingProtocol

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Served:
    """A server in this loop, and what became of its requests."""

    def __init__(self) -> None:
        self.port = 0
        self.ended = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if scope["path"] == "/large":
            try:
                await StreamingResponse(self._large())(scope, receive, send)
            finally:
                self.ended.set()
            return
        if scope["path"] == "/slow":
            await asyncio.sleep(3)
        length = len(await request.body())
        await PlainTextResponse(f"read {length}")(scope, receive, send)

    async def _large(self) -> AsyncIterator[bytes]:
        for _ in range(2000):
            yield b"x" * 65536

    async def connect(self) -> Pair:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def neighbour(self) -> float:
        """Ask on a connection of its own; return the seconds it took."""
        started = time.monotonic()
        async with httpx.AsyncClient(timeout=20) as http:
            assert (await http.get(f"http://127.0.0.1:{self.port}/")).text == "read 0"
        return time.monotonic() - started


@asynccontextmanager
async def served(limits: ConnectionLimits) -> AsyncIterator[Served]:
    app = Served()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            http=partial(ServingProtocol, limits=limits),  # type: ignore[arg-type]  # it makes one
            lifespan="off",
            log_config=None,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- the server tells of no event
        await asyncio.sleep(0.01)
    app.port = server.servers[0].sockets[0].getsockname()[1]
    yield app
    server.should_exit = True
    await serving


async def said(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server hangs up."""
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""


QUICK = ConnectionLimits(head_seconds=1.5, body_seconds=1.5, write_seconds=1.5)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHost: loc", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc", b"HTTP/1.1 408 "),
        (GET + b"GET / HT", b"HTTP/1.1 200 "),
    ],
    ids=["nothing", "half a head", "half a body", "half a second request"],
)
async def test_a_caller_who_does_not_go_on_is_hung_up_on(sent: bytes, answer: bytes) -> None:
    async with served(QUICK) as server:
        reader, writer = await server.connect()
        writer.write(sent)
        told = await said(reader)
        assert told.startswith(answer) if answer else told == b""
        writer.close()


@pytest.mark.parametrize(
    "beginning",
    [b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n"],
    ids=["head", "body"],
)
async def test_a_byte_now_and_then_gains_no_time(beginning: bytes) -> None:
    async with served(QUICK) as server:
        reader, writer = await server.connect()
        writer.write(beginning)

        async def drip() -> None:
            while not writer.is_closing():
                writer.write(b"x")
                await asyncio.sleep(0.2)

        dripping = asyncio.create_task(drip())
        assert (await said(reader)).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()
        writer.close()


async def test_a_request_that_takes_us_long_and_a_kept_connection_stay() -> None:
    async with served(QUICK) as server, httpx.AsyncClient(timeout=20) as http:
        address = f"http://127.0.0.1:{server.port}"
        assert (await http.get(f"{address}/slow")).status_code == 200
        reader, writer = await server.connect()
        for _ in range(2):
            writer.write(GET)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(6) == b"read 0"
            await asyncio.sleep(3)
        writer.close()


async def test_a_reader_who_takes_a_byte_a_second_is_let_go_and_slows_nobody() -> None:
    async with served(QUICK) as server:
        reader, writer = await server.connect()
        writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readexactly(1)
        assert await server.neighbour() < 10
        await asyncio.wait_for(server.ended.wait(), 20)
        writer.close()


async def test_idle_connections_make_room_for_callers_who_ask() -> None:
    async with served(ConnectionLimits(connections=200)) as server, AsyncExitStack() as stack:
        idle = []
        for _ in range(500):
            pair = await server.connect()
            stack.callback(pair[1].close)
            idle.append(pair)
        assert await server.neighbour() < 10
        assert await said(idle[0][0]) == b""
        newest = idle[-1]
        newest[1].write(GET)
        assert (await newest[0].readline()).startswith(b"HTTP/1.1 200 ")


async def test_beyond_the_limit_a_caller_is_refused_at_once_and_told_when_to_come_back() -> None:
    async with (
        served(ConnectionLimits(connections=3)) as server,
        httpx.AsyncClient(timeout=20) as http,
    ):
        address = f"http://127.0.0.1:{server.port}"
        busy = [asyncio.create_task(http.get(f"{address}/slow")) for _ in range(3)]
        await asyncio.sleep(1)
        async with httpx.AsyncClient(timeout=20) as another:
            refused = await another.get(address)
        assert not any(task.done() for task in busy)
        assert [(await task).status_code for task in busy] == [200] * 3
        assert await server.neighbour() < 10

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["connection"] == "close"


async def test_requests_sent_ahead_by_the_thousand_fill_no_memory() -> None:
    async with served(ConnectionLimits()) as server:
        reader, writer = await server.connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET * 20_000)
        assert await said(reader) == b""
        assert await server.neighbour() < 10
        writer.close()


async def test_requests_sent_ahead_are_answered_in_their_order() -> None:
    async with served(ConnectionLimits()) as server:
        reader, writer = await server.connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET * 50)
        for _ in range(51):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(6) == b"read 0"
        writer.close()


async def test_what_is_no_request_is_not_answered_in_the_place_of_the_one_before() -> None:
    async with served(ConnectionLimits()) as server:
        reader, writer = await server.connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        writer.write(b"no request\r\n\r\n")
        assert await said(reader) == b""
        writer.close()


async def test_a_head_of_ten_megabytes_is_cut_off_and_slows_nobody() -> None:
    async with served(ConnectionLimits()) as server:
        reader, writer = await server.connect()
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        try:
            for _ in range(160):
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            pass
        assert await server.neighbour() < 10
        assert (await said(reader))[:13] in {b"", b"HTTP/1.1 400 "}
        writer.close()
