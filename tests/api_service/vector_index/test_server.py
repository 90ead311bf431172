"""What is particular to the index on a Qdrant server."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import (
    ApiException,
    ResponseHandlingException,
    UnexpectedResponse,
)

from api_service.embedders.bm25 import query_terms
from api_service.problems import IndexUnavailable
from api_service.vector_index import COLLECTION, IndexRefused
from api_service.vector_index.server import ServerIndex
from api_service.vector_index.server_errors import vendor_errors
from tests.api_service.qdrant_server import qdrant_server
from tests.api_service.vector_index.chunks import all_stored, make_stored
from tests.loopback import free_port

KEY = "the-key-of-the-tests"


@pytest.fixture(scope="module")
def guarded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with qdrant_server(tmp_path_factory.mktemp("guarded") / "storage", api_key=KEY) as url:
        yield url


async def test_the_right_key_opens_the_server_without_a_warning(guarded_url: str) -> None:
    index = ServerIndex(guarded_url, SecretStr(KEY))
    await index.prepare(None)
    await index.write([make_stored("camera")])
    assert await index.count() == 1
    await index.close()


@pytest.mark.parametrize("key", [None, SecretStr("another")])
async def test_a_wrong_key_makes_the_index_unavailable(
    guarded_url: str, key: SecretStr | None
) -> None:
    index = ServerIndex(guarded_url, key)
    with pytest.raises(IndexUnavailable, match="refuses our key"):
        await index.search(query_terms("camera"), None, 5)
    await index.close()


async def test_a_server_that_is_away_is_noticed_at_once() -> None:
    index = ServerIndex(f"http://127.0.0.1:{free_port()}")
    started = time.monotonic()
    for call in (
        index.prepare(2),
        all_stored(index),
        index.count(),
        index.search(query_terms("camera"), None, 5),
        index.write([make_stored("camera")]),
        index.remove(["00000000-0000-0000-0000-000000000000"]),
    ):
        with pytest.raises(IndexUnavailable, match="does not answer"):
            await call
    assert time.monotonic() - started < 2
    await index.close()


async def test_a_server_that_stays_silent_does_not_hold_a_search_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = ServerIndex(f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(IndexUnavailable, match="in time"):
            await index.search(query_terms("camera"), None, 5)
        assert time.monotonic() - started < 7
        await index.close()


async def test_a_server_that_answers_byte_by_byte_does_not_hold_a_search_for_long() -> None:
    gone = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n":
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
        gone.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as slow:
        index = ServerIndex(f"http://127.0.0.1:{slow.sockets[0].getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(IndexUnavailable, match="in time"):
            await index.search(query_terms("camera"), None, 5)
        assert time.monotonic() - started < 10
        await asyncio.wait_for(gone.wait(), 10)  # the connection is not kept
        await index.close()


async def test_many_who_meet_a_silent_server_together_take_no_connection_with_them() -> None:
    speaks = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            await speaks.wait()
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as silent:
        index = ServerIndex(f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
        await asyncio.gather(*(index.count() for _ in range(100)), return_exceptions=True)
        speaks.set()
        with pytest.raises(IndexUnavailable, match="cannot answer this now"):
            await index.count()
        await index.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((status, b"<html>") for status in (200, 301, 404, 429, 500, 503)),
        (200, b""),
        (200, b'{"result": {"ali'),
        (200, b'{"result": "\xff"}'),
        (200, b'{"result": null}'),
        (200, b'{"result": {"aliases": 1}}'),
    ],
)
async def test_a_server_that_answers_nonsense_makes_the_index_unavailable(
    status: int, body: bytes
) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} Odd\r\nRetry-After: 1\r\n\r\n".encode() + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as odd:
        index = ServerIndex(f"http://127.0.0.1:{odd.sockets[0].getsockname()[1]}")
        with pytest.raises(IndexUnavailable):
            await index.prepare(None)
        await index.close()


async def test_a_collection_somebody_else_made_is_refused_and_left_alone(tmp_path: Path) -> None:
    with qdrant_server(tmp_path / "storage") as url:
        async with httpx.AsyncClient(base_url=url) as client:
            theirs = {"vectors": {"size": 2, "distance": "Dot"}}
            (await client.put(f"/collections/{COLLECTION}", json=theirs)).raise_for_status()
            index = ServerIndex(url)
            with pytest.raises(IndexRefused, match="something else"):
                await index.prepare(2)
            await index.close()
            left = (await client.get(f"/collections/{COLLECTION}")).json()["result"]
            assert left["config"]["params"]["vectors"] == {"size": 2, "distance": "Dot"}


async def test_chunks_survive_a_server_killed_right_after_the_write(tmp_path: Path) -> None:
    for expected in (0, 1):
        with qdrant_server(tmp_path / "storage") as url:
            index = ServerIndex(url)
            await index.prepare(None)
            assert await index.count() == expected
            await index.write([make_stored("camera")])
            await index.close()


VENDOR_ERRORS: dict[type[Exception], Exception] = {
    ApiException: ApiException("odd"),
    UnexpectedResponse: UnexpectedResponse(500, "Odd", b"", httpx.Headers()),
    ResponseHandlingException: ResponseHandlingException(ValueError("odd")),
    QdrantException: QdrantException("odd"),
    ResourceExhaustedResponse: ResourceExhaustedResponse("odd", 1),
}


def _kinds(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


@pytest.mark.parametrize("kind", [*_kinds(ApiException), *_kinds(QdrantException)])
def test_each_error_of_the_vendor_has_a_translation(kind: type[Exception]) -> None:
    error = VENDOR_ERRORS[kind]
    with pytest.raises(IndexUnavailable) as refusal, vendor_errors():
        raise error
    assert refusal.value.__cause__ is error
    assert "odd" not in refusal.value.detail
