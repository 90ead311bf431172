"""The index on a Qdrant server, over its REST interface."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager

import httpx
import structlog
from pydantic import SecretStr
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import (
    ApiException,
    ResponseHandlingException,
    UnexpectedResponse,
)

from api_service.documents import ScoredChunk
from api_service.problems import IndexUnavailable
from api_service.vector_index import (
    COLLECTION,
    DEFAULT_FUSION,
    Embedding,
    Found,
    Fusion,
    IndexedChunk,
    IndexRefused,
    Retrieval,
    SparseVector,
    StoredChunk,
    convex,
)
from api_service.vector_index.points import (
    BM25,
    CANDIDATES,
    DENSE,
    EMBEDDER,
    FINGERPRINT,
    FORGOTTEN,
    PATH,
    RRF_K,
    chunk_from,
    origin_of,
    payload_of,
    stored_from,
)

log = structlog.get_logger(__name__)

_READ_SECONDS = 5
_WRITE_SECONDS = 60
_PAGE = 1000
_EVERY_POINT = models.Filter()


class ServerIndex:
    """A vector index kept by a Qdrant server.

    Args:
        url: The server's address; without a port Qdrant's own, 6333, is meant.
        api_key: As the server or Qdrant Cloud expects it.
    """

    def __init__(self, url: str, api_key: SecretStr | None = None) -> None:
        # As a header: given as api_key, the client warns on plain HTTP, the normal case between
        # containers of one private network.
        headers = {"api-key": api_key.get_secret_value()} if api_key else None
        self._client = AsyncQdrantClient(
            url=url,
            headers=headers,
            timeout=_READ_SECONDS,
            check_compatibility=False,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
        )

    async def prepare(self, dimensions: int | None) -> None:
        """Create the collection if it is missing, and fit its dense vector to dimensions."""
        with vendor_errors():
            if not await self._client.collection_exists(COLLECTION):
                await self._client.create_collection(
                    COLLECTION,
                    vectors_config={DENSE: _dense(dimensions)} if dimensions else {},
                    sparse_vectors_config={
                        BM25: models.SparseVectorParams(modifier=models.Modifier.IDF)
                    },
                    timeout=_WRITE_SECONDS,
                )
            stored_dimensions = await self._stored_dimensions()
            # Qdrant Cloud refuses filters on members without an index.
            await self._client.create_payload_index(
                COLLECTION, EMBEDDER, models.PayloadSchemaType.KEYWORD, timeout=_WRITE_SECONDS
            )
            if dimensions and stored_dimensions != dimensions:
                if stored_dimensions is not None:
                    await self._client.set_payload(COLLECTION, FORGOTTEN, _EVERY_POINT)
                    await self._client.delete_vector_name(COLLECTION, DENSE)
                await self._client.create_vector_name(
                    COLLECTION,
                    DENSE,
                    models.DenseVectorNameConfig(
                        dense=models.DenseVectorConfig(
                            size=dimensions, distance=models.Distance.COSINE
                        )
                    ),
                )

    async def _stored_dimensions(self) -> int | None:
        params = (await self._client.get_collection(COLLECTION)).config.params
        if BM25 not in (params.sparse_vectors or {}):
            raise IndexRefused(
                f"The Qdrant server already holds a collection {COLLECTION} that was made by "
                f"something else: it has no sparse vector {BM25}. Rename or delete that "
                "collection, or set QDRANT_URL to another server."
            )
        vectors = params.vectors if isinstance(params.vectors, dict) else {}
        return vectors[DENSE].size if DENSE in vectors else None

    async def stored(self) -> dict[str, StoredChunk]:
        """Return every stored chunk by its id; empty without a collection."""
        found: dict[str, StoredChunk] = {}
        async for some in self.stored_in_pages():
            found |= some
        return found

    async def stored_in_pages(self) -> AsyncIterator[dict[str, StoredChunk]]:
        """Yield every stored chunk by its id, some at a time; none without a collection."""
        offset: models.ExtendedPointId | None = None
        while True:
            with vendor_errors():
                try:
                    page, offset = await self._client.scroll(
                        COLLECTION, limit=_PAGE, offset=offset, with_payload=[PATH, FINGERPRINT]
                    )
                except UnexpectedResponse as error:
                    if error.status_code == httpx.codes.NOT_FOUND:
                        return
                    raise
            yield {str(point.id): stored_from(point.payload or {}) for point in page}
            if offset is None:
                return

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Store chunks; the server answers once they are in its write-ahead log and applied."""
        if not chunks:
            return
        points = [
            models.PointStruct(id=one.chunk.id, vector=_vectors(one), payload=payload_of(one))
            for one in chunks
        ]
        with vendor_errors():
            await self._client.upsert(COLLECTION, points, wait=True, timeout=_WRITE_SECONDS)

    async def remove(self, ids: Collection[str]) -> None:
        """Remove chunks by id; unknown ids are ignored."""
        if not ids:
            return
        with vendor_errors():
            await self._client.delete(
                COLLECTION,
                models.PointIdsList(points=list(ids)),
                wait=True,
                timeout=_WRITE_SECONDS,
            )

    async def count(self) -> int:
        """Return the number of stored chunks; 0 without a collection."""
        with vendor_errors():
            try:
                return (await self._client.count(COLLECTION)).count
            except UnexpectedResponse as error:
                if error.status_code == httpx.codes.NOT_FOUND:
                    return 0
                raise

    async def search(
        self,
        terms: SparseVector,
        embedding: Embedding | None,
        limit: int,
        fusion: Fusion = DEFAULT_FUSION,
    ) -> Found:
        """Return at most limit chunks, best first; none without a collection."""
        with vendor_errors():
            try:
                return await self._search(terms, embedding, limit, fusion)
            except UnexpectedResponse as error:
                if error.status_code == httpx.codes.NOT_FOUND:
                    return Found((), "bm25")
                # Without a dense vector, or with one of another length, Qdrant refuses the query.
                if error.status_code == httpx.codes.BAD_REQUEST and embedding:
                    return await self._search(terms, None, limit, fusion)
                raise

    async def _search(
        self, terms: SparseVector, embedding: Embedding | None, limit: int, fusion: Fusion
    ) -> Found:
        if embedding is None:
            if not terms.indices:
                return Found((), "bm25")
            by_terms = models.QueryRequest(
                query=_sparse(terms), using=BM25, limit=limit, with_payload=True
            )
            (answer,) = await self._client.query_batch_points(COLLECTION, [by_terms])
            return Found(_hits(answer), "bm25")
        requests, retrieval = _requests(terms, embedding, limit, fusion)
        # One comparable chunk tells that the dense ranking had something to rank.
        requests.append(models.QueryRequest(filter=_comparable(embedding), limit=1))
        *answers, comparable = await self._client.query_batch_points(COLLECTION, requests)
        if not comparable.points:
            # Fused scores of a single ranking are not BM25's.
            return await self._search(terms, None, limit, fusion)
        if len(answers) == 1:
            return Found(_hits(answers[0]), retrieval)
        scores = [{hit.id: hit.score for hit in answer.points} for answer in answers]
        return Found(await self._chunks(convex.fuse(scores[0], scores[1], limit)), retrieval)

    async def _chunks(
        self, best: Sequence[tuple[models.ExtendedPointId, float]]
    ) -> tuple[ScoredChunk, ...]:
        records = await self._client.retrieve(COLLECTION, [id_ for id_, _ in best])
        payloads = {record.id: record.payload or {} for record in records}
        # One that was removed since it was found is left out.
        return tuple(
            ScoredChunk(chunk_from(payloads[id_]), score) for id_, score in best if id_ in payloads
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _requests(
    terms: SparseVector, embedding: Embedding, limit: int, fusion: Fusion
) -> tuple[list[models.QueryRequest], Retrieval]:
    if not terms.indices:
        return [
            models.QueryRequest(
                query=list(embedding.vector),
                using=DENSE,
                filter=_comparable(embedding),
                limit=limit,
                with_payload=True,
            )
        ], "dense"
    depth = max(limit, CANDIDATES)
    sparse, dense, comparable = _sparse(terms), list(embedding.vector), _comparable(embedding)
    rankings = [
        models.Prefetch(query=sparse, using=BM25, limit=depth),
        models.Prefetch(query=dense, using=DENSE, filter=comparable, limit=depth),
    ]
    if fusion == "convex":
        # Every candidate of either ranking is scored by both queries.
        return [
            models.QueryRequest(
                prefetch=rankings, query=query, using=using, filter=only, limit=2 * depth
            )
            for query, using, only in ((sparse, BM25, None), (dense, DENSE, comparable))
        ], "hybrid"
    rule = (
        models.RrfQuery(rrf=models.Rrf(k=RRF_K))
        if fusion == "rrf"
        else models.FusionQuery(fusion=models.Fusion.DBSF)
    )
    return [
        models.QueryRequest(prefetch=rankings, query=rule, limit=limit, with_payload=True)
    ], "hybrid"


def _hits(answer: models.QueryResponse) -> tuple[ScoredChunk, ...]:
    return tuple(
        ScoredChunk(chunk_from(point.payload or {}), point.score) for point in answer.points
    )


def _sparse(terms: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(terms.indices), values=list(terms.values))


def _comparable(embedding: Embedding) -> models.Filter:
    origin = models.MatchValue(value=origin_of(embedding))
    return models.Filter(must=[models.FieldCondition(key=EMBEDDER, match=origin)])


def _dense(dimensions: int) -> models.VectorParams:
    return models.VectorParams(size=dimensions, distance=models.Distance.COSINE)


def _vectors(stored: IndexedChunk) -> dict[str, models.Vector]:
    vectors: dict[str, models.Vector] = {
        BM25: models.SparseVector(
            indices=list(stored.terms.indices), values=list(stored.terms.values)
        )
    }
    if stored.embedding:
        vectors[DENSE] = list(stored.embedding.vector)
    return vectors


@contextmanager
def vendor_errors() -> Iterator[None]:
    """Turn every error of the Qdrant client into IndexUnavailable, the vendor's as its cause."""
    try:
        yield
    except (ApiException, QdrantException) as error:
        source = error.source if isinstance(error, ResponseHandlingException) else error
        status = getattr(error, "status_code", None)
        log.warning("index_unavailable", vendor_error=type(source).__name__, vendor_status=status)
        raise IndexUnavailable(_sentence(source, status)) from error


def _sentence(error: Exception, status: int | None) -> str:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "The vector index refuses our key."
    if isinstance(error, httpx.TimeoutException):
        return "The vector index did not answer in time."
    if isinstance(error, httpx.TransportError):
        return "The vector index does not answer."
    return "The vector index cannot answer this now."
