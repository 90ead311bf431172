"""The index as an ingestion has it: nothing is changed where readers are, until all of it is."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

from api_service.documents import Chunk
from api_service.vector_index import (
    DEFAULT_FUSION,
    Embedding,
    Found,
    Fusion,
    IndexedChunk,
    IndexRefused,
    LiveIndex,
    Made,
    SparseVector,
    StoredChunk,
    VectorIndex,
)


class Draft:
    """A vector index that is the live one up to the first change, and from then on a copy of it.

    A copy that an earlier ingestion left behind when it was broken off is gone on with: `stored`
    then tells what that one had written.

    Args:
        live: Where readers are; stays open, and is the caller's to close.
    """

    def __init__(self, live: LiveIndex) -> None:
        self.book = live.book
        self._live = live
        self._name: str | None = None
        self._copy: VectorIndex | None = None
        self._dimensions: int | None = None
        self._made: Made | None = None
        self._copying = asyncio.Lock()

    async def prepare(self, dimensions: int | None, made: Made | None = None) -> None:
        """Keep other ingestions out, and make a copy at once where the live index does not fit.

        Raises:
            IndexRefused: Another ingestion is at work, or the index is not ours to change.
        """
        self._dimensions, self._made = dimensions, made
        await self._live.begin()
        if not await self._live.fits(dimensions) or await self._live.left_over():
            await self._changed()

    async def _changed(self) -> VectorIndex:
        """Return the copy, made by the first of several changes that come at the same time."""
        async with self._copying:
            if self._copy is None:
                await self._live.begin()
                name = await self._live.copy(self._dimensions)
                try:
                    self._copy = await self._live.opened(name)
                except IndexRefused:  # the next ingestion is given another
                    await self._live.discard(name)
                    raise
                self._name = name
                await self._copy.prepare(self._dimensions, self._made)
        return self._copy

    @property
    def _read(self) -> VectorIndex:
        return self._copy or self._live

    async def stored(self) -> AsyncIterator[dict[str, StoredChunk]]:
        """Yield every stored chunk of the book by its id, some at a time."""
        async for some in self._read.stored():
            yield some

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Store chunks in the copy."""
        if chunks:
            await (await self._changed()).write(chunks)

    async def remove(self, ids: Collection[str]) -> None:
        """Remove chunks from the copy."""
        if ids:
            await (await self._changed()).remove(ids)

    async def count(self) -> int:
        """Return the number of stored chunks of the book."""
        return await self._read.count()

    async def comparable(self, embedder: str, dimensions: int) -> int:
        """Return how many of them have a vector of this embedder and length."""
        return await self._read.comparable(embedder, dimensions)

    async def chunks(self, ids: Collection[str], generation: str) -> dict[str, Chunk]:
        """Return the stored ones of these chunks by their ids."""
        return await self._read.chunks(ids, generation)

    async def page(self, after: str | None, limit: int) -> tuple[list[Chunk], str | None]:
        """Return up to limit chunks of the book by their ids, and where the next page begins."""
        return await self._read.page(after, limit)

    async def whole(self, after: str | None, limit: int) -> tuple[list[IndexedChunk], str | None]:
        """Return chunks with all that is stored beside them; otherwise as `page`."""
        return await self._read.whole(after, limit)

    async def search(
        self,
        terms: SparseVector,
        embedding: Embedding | None,
        limit: int,
        fusion: Fusion = DEFAULT_FUSION,
    ) -> Found:
        """Search what is there so far."""
        return await self._read.search(terms, embedding, limit, fusion)

    async def hand_over(self) -> None:
        """Put the copy in the place of the live index; without one there is nothing to do."""
        if self._copy and self._name:
            await self._copy.close()
            self._copy = None
            await self._live.adopt(self._name)
            self._name = None

    async def discard(self) -> None:
        """Throw the copy away, if there is one."""
        if self._copy and self._name:
            await self._copy.close()
            self._copy = None
            await self._live.discard(self._name)
            self._name = None

    async def close(self) -> None:
        """Close the copy, which the next ingestion goes on with."""
        if self._copy:
            await self._copy.close()
            self._copy = None
