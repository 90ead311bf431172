import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.faults.proxy import SLOW_SECONDS, Proxy, proxied

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line:
    """A proxy before a server that says everything back, and the connections to it."""

    def __init__(self, proxy: Proxy) -> None:
        self.turn = proxy.turn
        self._port = proxy.port
        self._made: list[asyncio.StreamWriter] = []

    async def connect(self) -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._made.append(writer)
        return reader, writer

    async def close(self) -> None:
        for writer in self._made:
            writer.close()
        await asyncio.gather(*(each.wait_closed() for each in self._made), return_exceptions=True)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(1000):
                writer.write(piece)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, proxied(server.sockets[0].getsockname()[1], cut_after=3) as proxy:
        line = Line(proxy)
        yield line
        await line.close()


async def said(connection: Connection, text: bytes) -> bytes:
    """Say something; return what comes back before long, up to the end of the connection."""
    reader, writer = connection
    writer.write(text)
    heard = b""
    try:
        async with asyncio.timeout(SLOW_SECONDS / 2):
            while piece := await reader.read(1000):
                heard += piece
    except TimeoutError:
        pass
    return heard


async def test_open_it_passes_everything_on(line: Line) -> None:
    assert await said(await line.connect(), b"question") == b"question"


async def test_refused_it_is_not_there_and_then_there_again(line: Line) -> None:
    before = await line.connect()
    await said(before, b"question")
    await line.turn("refused")

    assert await before[0].read() == b""
    with pytest.raises(ConnectionRefusedError):
        await line.connect()
    await line.turn("open")
    assert await said(await line.connect(), b"question") == b"question"


async def test_reset_it_resets_old_connections_and_new_ones(line: Line) -> None:
    before = await line.connect()
    await said(before, b"question")
    await line.turn("reset")

    for connection in (before, await line.connect()):
        with pytest.raises(ConnectionResetError):
            await connection[0].read()


async def test_from_a_black_hole_nothing_comes_not_even_later(line: Line) -> None:
    before = await line.connect()
    await said(before, b"question")
    await line.turn("black hole")
    meanwhile = await line.connect()

    assert await said(before, b"question") == b""
    assert await said(meanwhile, b"question") == b""
    await line.turn("open")
    assert await said(before, b"question") == b""
    assert await said(meanwhile, b"question") == b""
    assert await said(await line.connect(), b"question") == b"question"


async def test_slow_it_passes_a_byte_and_all_the_rest_once_it_is_open(line: Line) -> None:
    connection = await line.connect()
    await line.turn("slow")

    assert await said(connection, b"question") == b"q"
    await line.turn("open")
    assert await said(connection, b"!") == b"uestion!"


async def test_cut_it_ends_an_answer_after_its_first_bytes(line: Line) -> None:
    before = await line.connect()
    await said(before, b"question")
    await line.turn("cut")

    assert await said(before, b"question") == b"que"
    assert await said(await line.connect(), b"question") == b"que"
    assert before[0].at_eof()
