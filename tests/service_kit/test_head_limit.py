import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from service_kit.head_limit import HEAD_BYTES, HeadLimitProtocol
from service_kit.security_headers import HEADERS


async def length_of_body(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"read {len(body)}")(scope, receive, send)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = uvicorn.Server(
        uvicorn.Config(
            length_of_body, port=0, http=HeadLimitProtocol, lifespan="off", log_config=None
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- the server tells of no event
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def answer_to(port: int, *pieces: bytes) -> str:
    """Send pieces until the server hangs up; return what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    try:
        said = await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:  # it hung up while we were still sending
        said = b""
    writer.close()
    return said.decode()


HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
ENDLESS = [b"x" * 10_000] * 100


async def test_headers_as_long_as_tokens_and_cookies_get_pass(port: int) -> None:
    long = b"Cookie: " + b"x" * (HEAD_BYTES - 200) + b"\r\n\r\n"
    assert "read 0" in await answer_to(port, HEAD, long)


@pytest.mark.parametrize(
    "beginning",
    [
        HEAD + b"Cookie: ",
        HEAD + b"x",
        b"GET /",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: ",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;extension=",
    ],
    ids=["value", "name", "path", "trailer", "chunk extension"],
)
async def test_a_head_without_end_is_cut_off(port: int, beginning: bytes) -> None:
    said = await answer_to(port, beginning, *ENDLESS)
    assert said == "" or said.startswith("HTTP/1.1 400 ")


async def test_many_short_headers_are_cut_off_too(port: int) -> None:
    said = await answer_to(port, HEAD, *[b"a: b\r\n" * 1000] * 100)
    assert said == "" or said.startswith("HTTP/1.1 400 ")


async def test_the_limit_is_not_the_bodys(port: int) -> None:
    announced = b"Content-Length: 1000000\r\n\r\n"
    assert "read 1000000" in await answer_to(port, HEAD, announced, *ENDLESS)
    chunks = [b"2710\r\n" + piece + b"\r\n" for piece in ENDLESS]
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    assert "read 1000000" in await answer_to(port, HEAD, chunked, *chunks, b"0\r\n\r\n")


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\nHo st\r\n\r\n", b"\x16\x03\x01\r\n\r\n"])
async def test_what_is_no_request_is_refused_as_carefully_as_one(
    port: int, nonsense: bytes
) -> None:
    said = await answer_to(port, nonsense)
    head, _, body = said.partition("\r\n\r\n")

    assert head.startswith("HTTP/1.1 400 Bad Request\r\n")
    for name, value in HEADERS:
        assert f"\r\n{name.decode()}: {value.decode()}" in head
    assert f"\r\ncontent-length: {len(body)}" in head
    assert body == "Invalid HTTP request received."
