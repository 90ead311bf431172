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
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

import qdrant_edge as qdrant
import structlog

from api_service.documents import DEFAULT_BOOK, Chunk
from api_service.problems import IndexUnavailable
from api_service.vector_index import (
    DEFAULT_FUSION,
    Asked,
    Embedding,
    Found,
    Fusion,
    IndexedChunk,
    IndexRefused,
    Made,
    SparseVector,
    StoredChunk,
    engine,
    engine_search,
    generations,
    shards,
)
from api_service.vector_index.kept_chunks import KeptChunks

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class EmbeddedIndex:
    """A vector index in one folder, opened by `open` or, by an ingestion, with `open_copy`.

    Args:
        shard: The engine's.
        index: The folder.
        name: The generation's; the shard is that one's.
        lock: The descriptor that holds the folder or, of a copy, the generation.
        book: The name of the book.
    """

    def __init__(
        self, shard: qdrant.EdgeShard, index: Path, name: str, lock: int, book: str
    ) -> None:
        self.book = book
        self._shard = shard
        self._index = index
        self._name = name
        self._lock = lock
        self._issued: set[str] = set()
        self._unpacked = 0
        self._kept = KeptChunks(self._shard)
        self._loaded, self._closed = True, False
        self._changing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qdrant-engine")

    @classmethod
    async def open(cls, index: Path, book: str = DEFAULT_BOOK) -> Self:
        """Take the index folder for this process, and load its live generation or make one.

        Raises:
            IndexInUse: Another process has it.
            IndexRefused: The folder cannot be read or written, or is of a newer version.
        """
        lock, shard, name = await asyncio.to_thread(shards.claim, index)
        return cls(shard, index, name, lock, book)

    @classmethod
    async def open_copy(cls, index: Path, name: str, book: str = DEFAULT_BOOK) -> Self:
        """Open a generation that the process holding the index made with `copy`.

        Raises:
            IndexRefused: It cannot be read.
        """
        lock, shard = await asyncio.to_thread(shards.held, index / name)
        return cls(shard, index, name, lock, book)

    async def begin(self) -> None:
        """Do nothing: whoever has the index open keeps every other process out."""

    async def fits(self, dimensions: int | None) -> bool:
        """Tell whether the stored dense vectors have this length.

        Raises:
            IndexRefused: They have another, and are another book's.
        """
        if dimensions is None:
            return True
        return await self._run(engine.fits, self._shard, self.book, dimensions, self._index)

    async def prepare(self, dimensions: int | None, made: Made | None = None) -> None:
        """Fit the dense vector to dimensions; the collection is there since the index opened."""
        if dimensions and not await self.fits(dimensions):
            async with self._changing:
                await self._run(engine.fit, self._shard, self.book, dimensions)
        if made:
            await asyncio.to_thread(generations.note, self._index / self._name, made)

    async def stored(self) -> AsyncIterator[dict[str, StoredChunk]]:
        """Yield every stored chunk of the book by its id, some at a time."""
        offset: qdrant.PointId | None = None
        while True:
            found, offset = await self._run(engine.stored, self._shard, self.book, offset)
            yield found
            if offset is None:
                return

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Store chunks; they are in the write-ahead log, and flushed, on return.

        Raises:
            IndexRefused: The disk is nearly full, or what was packed cannot be read.
            IndexUnavailable: The engine failed.
        """
        if chunks:
            async with self._changing:
                await asyncio.to_thread(generations.require_room, self._index)
                await self._change(engine.write, self._shard, chunks)
                self._unpacked += len(chunks)
                if self._unpacked >= engine.PACK_CHUNKS:
                    self._unpacked = 0
                    await self._change(self._pack)

    async def remove(self, ids: Collection[str]) -> None:
        """Remove chunks by id; unknown ids are ignored."""
        if ids:
            async with self._changing:
                await self._change(engine.remove, self._shard, ids)

    async def count(self) -> int:
        """Return the number of stored chunks of the book."""
        return await self._run(lambda: engine.count(self._shard, self.book))

    async def comparable(self, embedder: str, dimensions: int) -> int:
        """Return how many of them have a vector of this embedder and length."""
        return await self._run(
            lambda: engine.comparable(self._shard, self.book, embedder, dimensions)
        )

    async def chunks(self, ids: Collection[str], generation: str) -> dict[str, Chunk]:
        """Return the stored ones of these chunks; none once another generation is live."""

        def read() -> dict[str, Chunk]:
            return self._kept.of(ids) if generation == self._name else {}

        return await self._run(read) if ids else {}

    async def page(self, after: str | None, limit: int) -> tuple[list[Chunk], str | None]:
        """Return up to limit chunks of the book by their ids, and where the next page begins."""
        return await self._run(lambda: engine.page(self._shard, self.book, after, limit))

    async def whole(self, after: str | None, limit: int) -> tuple[list[IndexedChunk], str | None]:
        """Return chunks with all that is stored beside them; otherwise as `page`."""
        return await self._run(lambda: engine.whole(self._shard, self.book, after, limit))

    async def search(
        self,
        terms: SparseVector,
        embedding: Embedding | None,
        limit: int,
        fusion: Fusion = DEFAULT_FUSION,
    ) -> Found:
        """Return at most limit chunks, best first."""
        asked = Asked(terms, embedding, limit, fusion)

        def read() -> Found:
            found = engine_search.search(self._shard, self.book, asked, self._kept.of)
            return replace(found, generation=self._name)

        return await self._run(read)

    async def close(self) -> None:
        """Flush, and let go of the files and of the lock; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._change(self._let_go)
        finally:
            await asyncio.to_thread(self._thread.shutdown)
            os.close(self._lock)

    async def left_over(self) -> bool:
        """Tell whether `copy` will return one that an ingestion left behind."""
        return await asyncio.to_thread(generations.left_over, self._index) is not None

    async def opened(self, name: str) -> "EmbeddedIndex":
        """Open a copy beside the live generation; IndexRefused where it cannot be read."""
        return await self.open_copy(self._index, name, self.book)

    async def copy(self, dimensions: int | None = None) -> str:  # noqa: ARG002 -- made on open
        """Copy the live generation, for another process to write to; searches go on meanwhile.

        A copy that an ingestion left behind when it was broken off is taken instead.

        Returns:
            The name of the new generation; `adopt` or `discard` it.

        Raises:
            IndexRefused: The disk is nearly full.
            IndexUnavailable: The file system failed.
        """
        if left := await asyncio.to_thread(generations.left_over, self._index):
            self._issued.add(left)
            return left
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
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)
        except IndexRefused:
            raise
        except Exception as error:  # the engine raises nothing narrower
            log.warning("index_unavailable", engine_error=str(error).partition(":")[0])  # its kind
            raise IndexUnavailable("The vector index cannot answer this now.") from error

    async def _change(self, call: Callable[..., _T], *args: object) -> _T:
        """Call the engine to write; when it fails on a disk that is nearly full, say that."""
        try:
            return await self._run(call, *args)
        except IndexUnavailable:
            with suppress(OSError):  # the folder is gone
                await asyncio.to_thread(generations.require_room, self._index)
            raise
        finally:
            self._kept = KeptChunks(self._shard)

    def _pack(self) -> None:
        self._shard.optimize()
        self._let_go()  # where it cannot be opened anew, there is none to close later
        self._shard = shards.reopened(self._index / self._name)
        self._loaded = True

    def _let_go(self) -> None:
        if self._loaded:
            engine.close(self._shard)
            self._loaded = False

    def _swap(self, shard: qdrant.EdgeShard, name: str) -> None:
        old, self._shard, self._name = self._shard, shard, name
        self._kept = KeptChunks(shard)
        old.close()
