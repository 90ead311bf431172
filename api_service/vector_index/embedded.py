"""The index in this process, on Qdrant's own engine; no server, one process at a time.

The engine is synchronous and holds the interpreter's lock while it works, under a millisecond for
a search of a book. All calls go through one thread, so they come one after another, and the event
loop is free while the engine waits for the disk.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

import qdrant_edge as qdrant
import structlog

from api_service.problems import IndexUnavailable
from api_service.vector_index import (
    DEFAULT_FUSION,
    Embedding,
    Found,
    Fusion,
    IndexedChunk,
    IndexRefused,
    SparseVector,
    StoredChunk,
    engine,
    generations,
)

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class EmbeddedIndex:
    """A vector index in one folder, opened by `open` or, by an ingestion, with `open_copy`."""

    def __init__(self, shard: qdrant.EdgeShard, index: Path, name: str, lock: int | None) -> None:
        self._shard = shard
        self._index = index
        self._name = name
        self._lock = lock
        self._issued: set[str] = set()
        self._unpacked = 0
        self._closed = False
        self._changing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qdrant-engine")

    @classmethod
    async def open(cls, index: Path) -> Self:
        """Take the index folder for this process, and load its live generation or make one.

        Raises:
            IndexInUse: Another process has it.
            IndexRefused: The folder cannot be read or written.
        """
        lock, shard, name = await asyncio.to_thread(_claim, index)
        return cls(shard, index, name, lock)

    @classmethod
    async def open_copy(cls, index: Path, name: str) -> Self:
        """Open a generation that the process holding the index made with `copy`.

        Raises:
            IndexRefused: It cannot be read.
        """
        shard = await asyncio.to_thread(engine.load, index / name)
        return cls(shard, index, name, lock=None)

    async def prepare(self, dimensions: int | None) -> None:
        """Fit the dense vector to dimensions; the collection is there since the index opened."""
        if dimensions:
            async with self._changing:
                await self._run(engine.fit, self._shard, dimensions)

    async def stored(self) -> dict[str, StoredChunk]:
        """Return every stored chunk by its id."""
        found: dict[str, StoredChunk] = {}
        async for some in self.stored_in_pages():
            found |= some
        return found

    async def stored_in_pages(self) -> AsyncIterator[dict[str, StoredChunk]]:
        """Yield every stored chunk by its id, some at a time."""
        offset: qdrant.PointId | None = None
        while True:
            found, offset = await self._run(engine.stored, self._shard, offset)
            yield found
            if offset is None:
                return

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Store chunks; they are in the write-ahead log, and flushed, on return.

        Raises:
            IndexRefused: The disk is nearly full.
            IndexUnavailable: The engine failed.
        """
        if chunks:
            async with self._changing:
                await asyncio.to_thread(generations.require_room, self._index)
                await self._run(engine.write, self._shard, chunks)
                self._unpacked += len(chunks)
                if self._unpacked >= engine.PACK_CHUNKS:
                    self._unpacked = 0
                    await self._run(engine.pack, self._shard)

    async def remove(self, ids: Collection[str]) -> None:
        """Remove chunks by id; unknown ids are ignored."""
        if ids:
            async with self._changing:
                await self._run(engine.remove, self._shard, ids)

    async def count(self) -> int:
        """Return the number of stored chunks."""
        return await self._run(lambda: self._shard.count(qdrant.CountRequest()))

    async def search(
        self,
        terms: SparseVector,
        embedding: Embedding | None,
        limit: int,
        fusion: Fusion = DEFAULT_FUSION,
    ) -> Found:
        """Return at most limit chunks, best first."""
        return await self._run(lambda: engine.search(self._shard, terms, embedding, limit, fusion))

    async def close(self) -> None:
        """Flush, and let go of the files and of the lock; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._run(engine.close, self._shard)
        finally:
            await asyncio.to_thread(self._thread.shutdown)
            if self._lock is not None:
                os.close(self._lock)

    async def copy(self) -> str:
        """Copy the live generation, for another process to write to; searches go on meanwhile.

        Returns:
            The name of the new generation; `adopt` or `discard` it.

        Raises:
            IndexRefused: The disk is nearly full.
            IndexUnavailable: The file system failed.
        """
        name = generations.new_name()
        self._issued.add(name)
        async with self._changing:
            await self._run(self._shard.flush)
            try:
                await asyncio.to_thread(generations.copy, self._index, self._name, name)
            except (IndexRefused, OSError) as error:
                await self.discard(name)
                if isinstance(error, IndexRefused):
                    raise
                raise IndexUnavailable(
                    f"The index could not be copied: {error.strerror or error}."
                ) from error
        return name

    async def adopt(self, name: str) -> None:
        """Make a generation that `copy` returned the live one; no search fails or waits for it.

        Raises:
            IndexRefused: The generation is none that this process issued, or cannot be read.
            IndexUnavailable: The file system failed; the former generation stays the live one.
        """
        if name not in self._issued:
            raise IndexRefused("This generation was not issued by the process that has the index.")
        async with self._changing:
            shard = await asyncio.to_thread(engine.load, self._index / name)
            # Neither live nor issued: from here on nobody but the next sweep removes it.
            self._issued.discard(name)
            try:
                # The pointer first: a crash after this finds the new generation.
                await asyncio.to_thread(generations.make_current, self._index, name)
            except OSError as error:
                await asyncio.to_thread(shard.close)
                raise IndexUnavailable("The new index could not be taken over.") from error
            old = self._name
            await self._run(self._swap, shard, name)
            await asyncio.to_thread(shutil.rmtree, self._index / old, ignore_errors=True)

    async def discard(self, name: str) -> None:
        """Remove a generation that `copy` returned; one that was adopted stays."""
        if name in self._issued:
            self._issued.discard(name)
            await asyncio.to_thread(shutil.rmtree, self._index / name, ignore_errors=True)

    async def _run(self, call: Callable[..., _T], *args: object) -> _T:
        """Call the engine in its thread; the one place where its errors become ours."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, call, *args)
        except Exception as error:  # the engine raises nothing narrower
            log.warning("index_unavailable", engine_error=str(error))
            raise IndexUnavailable("The vector index cannot answer this now.") from error

    def _swap(self, shard: qdrant.EdgeShard, name: str) -> None:
        old, self._shard, self._name = self._shard, shard, name
        old.close()


def _claim(index: Path) -> tuple[int, qdrant.EdgeShard, str]:
    try:
        lock = generations.lock(index)
        try:
            return lock, *_live_shard(index)
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        raise IndexRefused(
            f"The index folder {index} cannot be used: {error.strerror}. Choose another place with "
            "DATA_DIR."
        ) from error


def _live_shard(index: Path) -> tuple[qdrant.EdgeShard, str]:
    generations.sweep(index)
    if name := generations.current(index):
        return engine.load(index / name), name
    generations.require_room(index)
    name = generations.new_name()
    shard = engine.create(index / name)
    generations.make_current(index, name)
    return shard, name
