"""The index in one file and back: `python -m api_service.ingestion.saved_index save FILE`, `load`.

Vectors go along, so that nothing has to be embedded, and paid for, again. The file fits either form
of the index: what was saved of an embedded one can be loaded into a server, and the other way
round. It is JSON lines, compressed: first what it is, then a chunk a line, last how many they are.
Both acts leave the services running. Exit status: 0 done; 1 not done; 2 wrong settings.
"""

import argparse
import asyncio
import gzip
import json
import os
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from io import BufferedIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from api_service.documents import Chunk
from api_service.ingestion.handover import borrowed_index
from api_service.problems import Unavailable
from api_service.settings import BookSettings
from api_service.vector_index import (
    Embedding,
    IndexedChunk,
    IndexRefused,
    LiveIndex,
    SparseVector,
    VectorIndex,
    generations,
)
from api_service.vector_index.opening import index_folder, open_index
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

FORMAT = 1
_PAGE = 256  # 16 MB with vectors of 3,072 numbers, and a server takes 32


def main() -> None:
    """Save the book's part of the index, or put a saved one in its place."""
    parser = argparse.ArgumentParser(
        prog="python -m api_service.ingestion.saved_index",
        description="Save the index of BOOK to a file, vectors too, or load it from one.",
    )
    parser.add_argument("act", choices=["save", "load"])
    parser.add_argument("file", help="a path; - is standard output or input")
    given = parser.parse_args()
    try:
        settings = BookSettings.from_environment()
        configure_logs("saved-index", settings.log_format, "ERROR")
        if given.act == "save":
            with _written(given.file) as lines:
                said = f"Saved {asyncio.run(save(settings, lines))} chunks with their vectors."
        else:
            with _read(given.file) as lines:
                said = f"Loaded {asyncio.run(load(settings, lines))} chunks with their vectors."
    except BadSettings as error:
        _stop(str(error), 2)
    except Unavailable as error:
        _stop(error.detail, 1)
    except IndexRefused as error:
        _stop(str(error), 1)
    except (EOFError, gzip.BadGzipFile):
        _stop(f"{given.file} is damaged, or no saved index.", 1)
    except OSError as error:
        _stop(f"{given.file} cannot be used: {error.strerror or error}.", 1)
    sys.stderr.write(f"{said}\n")


async def save(settings: BookSettings, lines: BufferedIOBase) -> int:
    """Write the chunks that readers search now, and return how many they are.

    Raises:
        IndexRefused: An ingestion is at work on the server, or the index cannot be opened.
        IndexUnavailable: The index does not answer.
    """
    count = 0
    async with _as_read(settings) as index:
        made_at = datetime.now(UTC).isoformat()
        _write(lines, {"format": FORMAT, "book": index.book, "made_at": made_at})
        after: str | None = None
        while True:
            some, after = await index.whole(after, _PAGE)
            for one in some:
                _write(lines, _line_of(one))
            count += len(some)
            if after is None:
                _write(lines, {"chunks": count})
                return count


async def load(settings: BookSettings, lines: BufferedIOBase) -> int:
    """Have the index hold what a file holds, and nothing else of its book; return how many chunks.

    Readers are led to it once all of it is there.

    Raises:
        IndexRefused: The file is damaged or another book's, or an ingestion is at work.
        IndexUnavailable: The index does not answer.
    """
    header = _parsed(lines.readline())
    if header.get("format") != FORMAT:
        raise IndexRefused("The file is damaged, no saved index, or one of a newer version.")
    if header.get("book") != settings.book:
        raise IndexRefused(f"The file holds the book {header.get('book')}: set BOOK to that name.")
    written: set[str] = set()
    others: set[str] = set()
    dimensions = 0
    async with borrowed_index(settings) as borrowed:
        index = borrowed.index
        await index.prepare(None, {"saved_at": str(header["made_at"])})
        async for some in _batches(lines):
            longest = max((len(one.embedding.vector) for one in some if one.embedding), default=0)
            if longest > dimensions:
                dimensions = longest
                await index.prepare(dimensions)
            await index.write(some)
            written |= {one.chunk.id for one in some}
        async for stored in index.stored():
            others |= stored.keys() - written
        await index.remove(others)
        await borrowed.hand_over()
    return len(written)


@asynccontextmanager
async def _as_read(settings: BookSettings) -> AsyncIterator[VectorIndex]:
    """Open what readers search, so that it stays as it is until all of it is read."""
    index: LiveIndex
    with TemporaryDirectory(prefix="saved-index-") as folder:
        if settings.qdrant_url is None:
            from api_service.vector_index.embedded import EmbeddedIndex

            # The service may have it open, and the engine lets one process in.
            await asyncio.to_thread(generations.take, index_folder(settings), Path(folder))
            index = await EmbeddedIndex.open(Path(folder), settings.book)
        else:
            index = await open_index(settings)
        try:
            await index.begin()
            yield index
        finally:
            await index.close()


async def _batches(lines: BufferedIOBase) -> AsyncIterator[list[IndexedChunk]]:
    """Yield the chunks of a file, some at a time.

    Raises:
        IndexRefused: It does not end with the number of its chunks.
    """
    batch: list[IndexedChunk] = []
    count = 0
    while "chunks" not in (said := _parsed(await asyncio.to_thread(lines.readline))):
        batch.append(_chunk_of(said))
        count += 1
        if len(batch) == _PAGE:
            yield batch
            batch = []
    if said["chunks"] != count:
        raise IndexRefused("The file is damaged: chunks are missing.")
    if batch:
        yield batch


def _line_of(one: IndexedChunk) -> dict[str, Any]:
    embedding = one.embedding and {
        "embedder": one.embedding.embedder,
        "vector": b64encode(_floats(one.embedding.vector).tobytes()).decode(),
    }
    return {
        "chunk": asdict(one.chunk),
        "fingerprint": one.fingerprint,
        "terms": asdict(one.terms),
        "embedding": embedding,
    }


def _chunk_of(said: dict[str, Any]) -> IndexedChunk:
    try:
        chunk, terms, embedding = said["chunk"], said["terms"], said["embedding"]
        path = tuple(chunk["heading_path"])
        if embedding is not None:
            vector = _floats(b64decode(embedding["vector"]))
            embedding = Embedding(embedding["embedder"], tuple(vector))
        return IndexedChunk(
            Chunk(**{**chunk, "heading_path": path}),
            said["fingerprint"],
            SparseVector(tuple(terms["indices"]), tuple(terms["values"])),
            embedding,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IndexRefused("The file is damaged: a line is no chunk.") from error


def _floats(values: Any) -> "array[float]":  # noqa: ANN401 -- numbers, or their bytes
    """Return numbers of 32 bits, in the order of bytes of nearly every machine: little-endian."""
    numbers = array("f", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise IndexRefused("The file is damaged: it ends before it should, or is no saved index.")
    return said


def _write(lines: BufferedIOBase, said: dict[str, Any]) -> None:
    lines.write(json.dumps(said, ensure_ascii=False).encode() + b"\n")


@contextmanager
def _written(file: str) -> Iterator[BufferedIOBase]:
    """Open a file that appears once it is whole."""
    if file == "-":
        with gzip.open(sys.stdout.buffer, "wb") as lines:
            yield lines
        return
    partial = Path(f"{file}.partial")
    try:
        with partial.open("wb") as sink:
            with gzip.open(sink, "wb") as lines:
                yield lines
            sink.flush()
            os.fsync(sink.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _read(file: str) -> Iterator[BufferedIOBase]:
    with gzip.open(sys.stdin.buffer if file == "-" else file, "rb") as lines:
        yield lines


def _stop(sentence: str, status: int) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(status)


if __name__ == "__main__":
    main()
