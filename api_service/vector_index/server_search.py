"""A search of one collection on a Qdrant server: all of it comes from that one."""

from collections.abc import Collection, Sequence

import httpx
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from api_service.documents import Chunk, ScoredChunk
from api_service.vector_index import Asked, Embedding, Found, IndexedChunk, StoredChunk, convex
from api_service.vector_index.points import (
    FINGERPRINT,
    PATH,
    chunk_from,
    indexed_from,
    origin_of,
    stored_from,
)
from api_service.vector_index.prominence import prominence
from api_service.vector_index.server_requests import Requests, hits

_PAGE = 1000

_PAGE_SECONDS = 60
"""How long a page of all that is stored may take: no reader waits for it, and it may be large."""


async def search(client: AsyncQdrantClient, name: str, requests: Requests, asked: Asked) -> Found:
    """Return at most asked.limit chunks of the collection, best first.

    Raises:
        ApiException: The server refused or failed; 404 where there is no such collection.
    """
    if asked.embedding:
        try:
            return await _by_both(client, name, requests, asked, asked.embedding)
        except UnexpectedResponse as error:
            # Without a dense vector, or with one of another length, Qdrant refuses the query.
            if error.status_code != httpx.codes.BAD_REQUEST:
                raise
    return await _by_terms(client, name, requests, asked)


async def _by_terms(
    client: AsyncQdrantClient, name: str, requests: Requests, asked: Asked
) -> Found:
    if not asked.terms.indices:
        return Found((), "bm25")
    by_terms = requests.by_terms(asked.terms, asked.limit)
    (answer,) = await client.query_batch_points(name, [by_terms])
    return Found(hits(answer), "bm25")


async def _by_both(
    client: AsyncQdrantClient, name: str, requests: Requests, asked: Asked, embedding: Embedding
) -> Found:
    searches, retrieval = requests.by_both(asked.terms, embedding, asked.limit, asked.fusion)
    # One comparable chunk tells that the dense ranking had something to rank.
    comparable = requests.comparable(origin_of(embedding))
    searches.append(models.QueryRequest(filter=comparable, limit=1))
    *answers, found = await client.query_batch_points(name, searches)
    if not found.points:
        # Fused scores of a single ranking are not BM25's.
        return await _by_terms(client, name, requests, asked)
    if len(answers) == 1:
        found_by_one = hits(answers[0])
        alone = (hit.score for hit in found_by_one) if retrieval == "dense" else ()
        return Found(found_by_one, retrieval, prominence=prominence(alone))
    scores = [{hit.id: hit.score for hit in answer.points} for answer in answers]
    best = convex.fuse(scores[0], scores[1], asked.limit)
    chunks_found = await _scored(client, name, best)
    return Found(chunks_found, retrieval, prominence=prominence(scores[1].values()))


async def chunks(
    client: AsyncQdrantClient, name: str, ids: Collection[models.ExtendedPointId]
) -> dict[str, Chunk]:
    """Return the stored ones of these chunks by their ids.

    Raises:
        ApiException: The server refused or failed; 404 where there is no such collection.
    """
    records = await client.retrieve(name, list(ids))
    return {str(record.id): chunk_from(record.payload or {}) for record in records}


async def page(
    client: AsyncQdrantClient, name: str, requests: Requests, after: str | None, limit: int
) -> tuple[list[Chunk], str | None]:
    """Return up to limit chunks of the book by their ids, and where the next page begins.

    Raises:
        ApiException: The server refused or failed; 404 where there is no such collection.
    """
    records, next_ = await client.scroll(name, requests.of_book, limit=limit, offset=after)
    found = [chunk_from(record.payload or {}) for record in records]
    return found, None if next_ is None else str(next_)


async def whole(
    client: AsyncQdrantClient, name: str, requests: Requests, after: str | None, limit: int
) -> tuple[list[IndexedChunk], str | None]:
    """Return chunks with all that is stored beside them; otherwise as `page`."""
    records, next_ = await client.scroll(
        name,
        requests.of_book,
        limit=limit,
        offset=after,
        with_vectors=True,
        timeout=_PAGE_SECONDS,
    )
    found = [indexed_from(record.payload or {}, record.vector) for record in records]
    return found, None if next_ is None else str(next_)


async def stored(
    client: AsyncQdrantClient,
    name: str,
    requests: Requests,
    after: models.ExtendedPointId | None,
) -> tuple[dict[str, StoredChunk], models.ExtendedPointId | None]:
    """Return some stored chunks of the book by their ids, and where to go on; None at the end.

    Raises:
        ApiException: The server refused or failed; 404 where there is no such collection.
    """
    records, next_ = await client.scroll(
        name,
        requests.of_book,
        limit=_PAGE,
        offset=after,
        with_payload=[PATH, FINGERPRINT],
        timeout=_PAGE_SECONDS,
    )
    return {str(record.id): stored_from(record.payload or {}) for record in records}, next_


async def _scored(
    client: AsyncQdrantClient, name: str, best: Sequence[tuple[models.ExtendedPointId, float]]
) -> tuple[ScoredChunk, ...]:
    found = await chunks(client, name, [id_ for id_, _ in best])
    # One that was removed since it was found is left out.
    return tuple(ScoredChunk(found[str(id_)], score) for id_, score in best if str(id_) in found)
