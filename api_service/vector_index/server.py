"""The index on a Qdrant server, over its REST interface."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from api_service.documents import DEFAULT_BOOK, Chunk
from api_service.vector_index import (
    DEFAULT_FUSION,
    SCHEMA,
    Asked,
    Embedding,
    Found,
    Fusion,
    IndexedChunk,
    IndexRefused,
    Made,
    SparseVector,
    StoredChunk,
    server_copies,
    server_fitting,
    server_requests,
    server_search,
)
from api_service.vector_index.points import origin
from api_service.vector_index.server_errors import bound_requests, vendor_errors
from api_service.vector_index.server_generations import WRITE_SECONDS, Generation, Generations
from api_service.vector_index.server_lock import ServerLock
from api_service.vector_index.server_options import Options
from api_service.vector_index.server_requests import Requests
from service_kit.http_pool import NO_QUEUE

_T = TypeVar("_T")

_READ_SECONDS = 5


class ServerIndex:
    """A vector index kept by a Qdrant server.

    Args:
        url: The server's address; without a port Qdrant's own, 6333, is meant.
        api_key: As the server or Qdrant Cloud expects it.
        book: The name of the book.
        options: How collections are named, made and searched.
        pinned: The generation to read and change; None: the one readers are led to.
    """

    def __init__(
        self,
        url: str,
        api_key: SecretStr | None = None,
        book: str = DEFAULT_BOOK,
        options: Options = Options(),  # noqa: B008 -- frozen
        pinned: str | None = None,
    ) -> None:
        self.book = book
        # As a header: given as api_key, the client warns on plain HTTP, the normal case between
        # containers of one private network.
        headers = {"api-key": api_key.get_secret_value()} if api_key else None
        self._how: dict[str, Any] = {
            "url": url,
            "headers": headers,
            "timeout": _READ_SECONDS,
            "check_compatibility": False,
        }
        self._given = (url, api_key, book, options)
        self._client = AsyncQdrantClient(**self._how, limits=NO_QUEUE)
        bound_requests(self._client)
        self._options = options
        self._generations = Generations(self._client, options.alias, options.kept)
        self._lock = ServerLock(
            self._client, lambda: QdrantClient(**self._how), options.alias, options.rhythm
        )
        self._pinned = pinned

    async def _reading(self) -> Generation | None:
        """Return the generation to search: the one this is a copy in, or the live one."""
        if self._pinned:
            return await self._generations.described(self._pinned)
        return await self._generations.live()

    async def _looked(self) -> Generation | None:
        if self._pinned:
            return await self._generations.described(self._pinned)
        return await self._generations.look()

    async def _written(self) -> str:
        """Return the name of the collection to change."""
        live = None if self._pinned else await self._generations.live()
        return self._pinned or (live.name if live else self._options.alias)

    async def fits(self, dimensions: int | None) -> bool:
        """Tell whether the collection is as one made now would be.

        Raises:
            IndexRefused: It is not ours, or another book's vectors have another length.
        """
        with vendor_errors():
            at = await self._looked()
            if at is None:
                return False
            at.require_ours()
            await server_fitting.require_alone(self._client, at, self.book, dimensions)
            same_length = dimensions is None or at.dimensions == dimensions
            return same_length and self._generations.is_as_now(at)

    async def prepare(self, dimensions: int | None, made: Made | None = None) -> None:
        """Create the collection if it is missing, and fit its dense vector to dimensions."""
        with vendor_errors():
            at = await self._looked()
            if at is None:
                name = await self._generations.create(dimensions)
                await self._generations.lead_readers_to(name)
                at = await self._generations.look()
            if at is None:
                raise IndexRefused("The Qdrant server lost the collection it was asked to make.")
            at.require_ours()
            await server_fitting.require_alone(self._client, at, self.book, dimensions)
            if dimensions and at.dimensions != dimensions:
                await server_fitting.give_dense(
                    self._client, at, self.book, dimensions, self._options.kept
                )
                self._generations.forget()
            if made:
                await self._generations.note(at.name, made)

    async def stored(self) -> AsyncIterator[dict[str, StoredChunk]]:
        """Yield every stored chunk of the book by its id, some at a time."""
        offset: models.ExtendedPointId | None = None

        async def read(
            at: Generation, requests: Requests
        ) -> tuple[dict[str, StoredChunk], models.ExtendedPointId | None]:
            return await server_search.stored(self._client, at.name, requests, offset)

        nothing: tuple[dict[str, StoredChunk], models.ExtendedPointId | None] = {}, None
        while True:
            some, offset = await self._read(read, nothing)
            yield some
            if offset is None:
                return

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Store chunks; the server answers once they are in its write-ahead log and applied."""
        if not chunks:
            return
        points = server_requests.points_of(chunks)
        with vendor_errors():
            name = await self._written()
            await self._client.upsert(name, points, wait=True, timeout=WRITE_SECONDS)

    async def remove(self, ids: Collection[str]) -> None:
        """Remove chunks by id; unknown ids are ignored."""
        if not ids:
            return
        with vendor_errors():
            await self._client.delete(
                await self._written(),
                models.PointIdsList(points=list(ids)),
                wait=True,
                timeout=WRITE_SECONDS,
            )

    async def count(self) -> int:
        """Return the number of stored chunks of the book; 0 without a collection."""

        async def read(at: Generation, requests: Requests) -> int:
            return (await self._client.count(at.name, requests.of_book)).count

        return await self._read(read, 0)

    async def comparable(self, embedder: str, dimensions: int) -> int:
        """Return how many of them have a vector of this embedder and length."""

        async def read(at: Generation, requests: Requests) -> int:
            only = requests.comparable(origin(embedder, dimensions))
            return (await self._client.count(at.name, only)).count

        return await self._read(read, 0)

    async def chunks(self, ids: Collection[str], generation: str) -> dict[str, Chunk]:
        """Return the stored ones of these chunks; none once the generation is gone."""
        with vendor_errors():
            try:
                return await server_search.chunks(self._client, generation, ids) if ids else {}
            except UnexpectedResponse as error:
                if error.status_code != httpx.codes.NOT_FOUND:
                    raise
                return {}

    async def page(self, after: str | None, limit: int) -> tuple[list[Chunk], str | None]:
        """Return up to limit chunks of the book by their ids, and where the next page begins."""

        async def read(at: Generation, requests: Requests) -> tuple[list[Chunk], str | None]:
            return await server_search.page(self._client, at.name, requests, after, limit)

        return await self._read(read, ([], None))

    async def whole(self, after: str | None, limit: int) -> tuple[list[IndexedChunk], str | None]:
        """Return chunks with all that is stored beside them; otherwise as `page`."""

        async def read(at: Generation, requests: Requests) -> tuple[list[IndexedChunk], str | None]:
            return await server_search.whole(self._client, at.name, requests, after, limit)

        return await self._read(read, ([], None))

    async def search(
        self,
        terms: SparseVector,
        embedding: Embedding | None,
        limit: int,
        fusion: Fusion = DEFAULT_FUSION,
    ) -> Found:
        """Return at most limit chunks, best first; none without a collection."""
        asked = Asked(terms, embedding, limit, fusion)

        async def read(at: Generation, requests: Requests) -> Found:
            found = await server_search.search(self._client, at.name, requests, asked)
            return replace(found, generation=at.name)

        return await self._read(read, Found((), "bm25"))

    async def _read(self, read: Callable[[Generation, Requests], Awaitable[_T]], nothing: _T) -> _T:
        """Read all from one generation; from the next, where that one was replaced meanwhile.

        Args:
            read: Reads from a generation.
            nothing: Returned where there is none, or none of the book.
        """
        with vendor_errors():
            at = await self._reading()
            while at is not None:
                is_unnamed = at.schema < SCHEMA
                if is_unnamed and self.book != DEFAULT_BOOK:
                    return nothing
                try:
                    book = None if is_unnamed else self.book
                    return await read(at, Requests(book, self._options.dense_search()))
                except UnexpectedResponse as error:
                    if error.status_code != httpx.codes.NOT_FOUND:
                        raise
                former, at = at, await self._looked()
                if at is not None and at.name == former.name:
                    return nothing
            return nothing

    async def begin(self) -> None:
        """Take the lock that keeps other ingestions out, and clear up after those broken off.

        Raises:
            IndexRefused: Another ingestion is at work.
        """
        if not self._lock.held:
            with vendor_errors():
                await self._lock.take()
                await self._generations.sweep()

    async def left_over(self) -> bool:
        """Tell whether `copy` will return one that an ingestion left behind."""
        with vendor_errors():
            return await self._generations.left_over() is not None

    async def copy(self, dimensions: int | None = None) -> str:
        """Copy the live generation, or take the copy that was left over; return its name."""
        with vendor_errors():
            return await server_copies.copy(self._client, self._generations, dimensions)

    async def opened(self, name: str) -> "ServerIndex":
        """Open a copy, which readers are not led to."""
        return ServerIndex(*self._given, pinned=name)

    async def adopt(self, name: str) -> None:
        """Lead readers to a copy, once the server has settled, and remove the former generation.

        Raises:
            IndexRefused: Another ingestion took this one for dead, and its place.
        """
        with vendor_errors():
            await self._generations.settled(name)
            await self._lock.require()
            await self._generations.lead_readers_to(name)

    async def discard(self, name: str) -> None:
        """Remove a copy; the one readers are led to stays."""
        with vendor_errors():
            live = await self._generations.look()
            if live is None or live.name != name:
                await self._generations.remove(name)

    async def close(self) -> None:
        """Let go of the lock, if an ingestion has it, and close the connections."""
        await self._lock.let_go()
        await self._client.close()
