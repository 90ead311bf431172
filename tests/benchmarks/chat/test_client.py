import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks.chat.client import Reply, connect, get, post
from benchmarks.failure import BenchmarkFailed

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def sending(*pieces: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve these pieces to every request, with a pause after each; yield the address."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.03)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


async def ask(*pieces: bytes) -> Reply:
    async with sending(*pieces) as (url, _):
        connection = await connect(url)
        try:
            return await connection.ask(get("/"))
        finally:
            connection.close()


async def test_each_delta_has_the_time_its_name_was_there_whole() -> None:
    reply = await ask(
        HEAD,
        chunk(b"event: meta\ndata: {}\n\nevent: delta\ndata: 1\n\nevent: del"),
        chunk(b"ta\ndata: 2\n\n"),
        chunk(b"event: done\ndata: {}\n\n") + END,
    )
    first, second = reply.whole_stream().deltas()
    assert second - first == reply.gaps()[0] >= 0.02


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD, chunk(b"event: delta\ndata: 1\n\nevent: error\ndata: {}\n\n") + END),
        (HEAD, chunk(b"event: done\ndata: {}\n\n") + END),
        (b"HTTP/1.1 503 Away\r\ncontent-length: 2\r\n\r\n{}",),
    ],
)
async def test_a_stream_without_words_or_end_is_a_failure(pieces: tuple[bytes, ...]) -> None:
    reply = await ask(*pieces)
    with pytest.raises(BenchmarkFailed):
        reply.whole_stream()


async def test_a_reply_that_breaks_off_is_an_error() -> None:
    with pytest.raises(ConnectionError):
        await ask(HEAD, chunk(b"event: delta\ndata: 1\n\n"))


async def test_the_first_words_can_be_waited_for() -> None:
    async with sending(HEAD, chunk(b"event: delta\ndata: 1\n\n"), END) as (url, _):
        connection = await connect(url)
        connection.send(get("/"))
        await connection.first_words()
        await connection.reply()
        connection.close()
    async with sending(HEAD, END) as (url, _):
        connection = await connect(url)
        connection.send(get("/"))
        with pytest.raises(BenchmarkFailed):
            await connection.first_words()
        connection.close()


async def test_a_question_is_sent_with_its_readers_token() -> None:
    async with sending(HEAD, END) as (url, heard):
        connection = await connect(url)
        await connection.ask(post("/v1/chat", {"message": "What is a gait?"}, "abc"))
        connection.close()
    assert b"POST /v1/chat HTTP/1.1\r\n" in heard[0]
    assert b"authorization: Bearer abc\r\n" in heard[0]
