"""What the embedded index does to one shard of Qdrant's engine; every call here blocks.

The engine raises plain `Exception` for whatever goes wrong; `embedded.py` translates.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import qdrant_edge as qdrant

from api_service.documents import ScoredChunk
from api_service.vector_index import (
    Embedding,
    Found,
    Fusion,
    IndexedChunk,
    IndexRefused,
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

_PAGE = 1000
_PACKED_KB = 4000

PACK_CHUNKS = 4000
"""How many chunks are written before they are packed: each takes 5 KB of memory until then, and
a fifth of that afterwards."""


def create(folder: Path) -> qdrant.EdgeShard:
    """Make an empty shard in a folder that does not exist yet, its write-ahead log on.

    Raises:
        IndexRefused: It cannot be made.
    """
    config = qdrant.EdgeConfig(
        # What `pack` has packed is searched in the file, through the system's own cache.
        sparse_vectors={
            BM25: qdrant.EdgeSparseVectorParams(
                modifier=qdrant.Modifier.Idf, memory=qdrant.Memory.Cold
            )
        },
        # No approximate index: a book is small, and an exact search of it takes a millisecond.
        hnsw_config=qdrant.HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000),
        # Small segments, since to join two takes memory for both and more.
        optimizers=qdrant.EdgeOptimizersConfig(
            indexing_threshold=_PACKED_KB,
            max_segment_size=5 * _PACKED_KB,
            default_segment_number=50,
        ),
        wal_enabled=True,
    )
    index_embedder = qdrant.UpdateOperation.create_field_index(
        EMBEDDER, qdrant.PayloadSchemaType.Keyword
    )
    try:
        shard = qdrant.EdgeShard.create(str(folder), config)
        shard.update(index_embedder)
        shard.flush()
    except Exception as error:
        raise IndexRefused(f"The index cannot be made in {folder.parent} ({error}).") from error
    return shard


def load(folder: Path) -> qdrant.EdgeShard:
    """Open the shard in a folder; what its log holds and its segments miss is applied again.

    Raises:
        IndexRefused: It cannot be read.
    """
    try:
        return qdrant.EdgeShard.load(str(folder))
    except Exception as error:
        raise IndexRefused(
            f"The index in {folder} cannot be read ({error}). Remove the folder {folder.parent} "
            "and ingest the book again."
        ) from error


def close(shard: qdrant.EdgeShard) -> None:
    """Flush and close; the shard is of no use afterwards."""
    shard.flush()
    shard.close()


def fit(shard: qdrant.EdgeShard, dimensions: int) -> None:
    """Give the shard a dense vector of this length; one of another length is dropped."""
    create_dense = qdrant.UpdateOperation.create_dense_vector(
        DENSE, size=dimensions, distance=qdrant.Distance.Cosine
    )
    # Flushed on both sides: after a crash the engine replays its log against the vectors it has
    # by then, and drops writes that fitted only the vectors it had before.
    shard.flush()
    try:
        shard.update(create_dense)
    except Exception as error:
        if "already exists with different parameters" not in str(error):
            raise
        shard.update(qdrant.UpdateOperation.set_payload_by_filter(qdrant.Filter(), FORGOTTEN))
        shard.flush()
        shard.update(qdrant.UpdateOperation.delete_vector_name(DENSE))
        shard.update(create_dense)
    shard.flush()


def stored(
    shard: qdrant.EdgeShard, offset: "qdrant.PointId | None"
) -> "tuple[dict[str, StoredChunk], qdrant.PointId | None]":
    """Return some stored chunks by their ids, and where to go on; None at the end."""
    members = qdrant.PayloadSelector.Include([PATH, FINGERPRINT])
    page, next_ = shard.scroll(
        qdrant.ScrollRequest(offset=offset, limit=_PAGE, with_payload=members)
    )
    return {str(record.id): stored_from(record.payload or {}) for record in page}, next_


def write(shard: qdrant.EdgeShard, chunks: Sequence[IndexedChunk]) -> None:
    """Store chunks and flush."""
    points = [qdrant.Point(one.chunk.id, _vectors(one), payload_of(one)) for one in chunks]
    shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.flush()


def pack(shard: qdrant.EdgeShard) -> None:
    """Put what was written since the last time into files that need not be held in memory."""
    shard.optimize()
    shard.flush()


def remove(shard: qdrant.EdgeShard, ids: Collection[str]) -> None:
    """Remove chunks and flush; rebuilds the segments once a fifth of their points are gone."""
    shard.update(qdrant.UpdateOperation.delete_points(list(ids)))
    shard.optimize()
    shard.flush()


def search(
    shard: qdrant.EdgeShard,
    terms: SparseVector,
    embedding: Embedding | None,
    limit: int,
    fusion: Fusion,
) -> Found:
    """Return at most limit chunks, best first, and what was compared to find them."""
    sparse = qdrant.Query.Nearest(
        qdrant.SparseVector(list(terms.indices), list(terms.values)), using=BM25
    )
    if embedding is None or not _has_comparable(shard, embedding):
        return Found(_hits(shard, sparse, limit) if terms.indices else (), "bm25")
    dense = qdrant.Query.Nearest(list(embedding.vector), using=DENSE)
    comparable = _comparable(embedding)
    if not terms.indices:
        return Found(_hits(shard, dense, limit, only=comparable), "dense")
    depth = max(limit, CANDIDATES)
    rankings = [
        qdrant.Prefetch(limit=depth, query=sparse),
        qdrant.Prefetch(limit=depth, query=dense, filter=comparable),
    ]
    if fusion != "convex":
        rule = qdrant.Fusion.Rrf(k=RRF_K) if fusion == "rrf" else qdrant.Fusion.Dbsf()
        return Found(_hits(shard, rule, limit, rankings), "hybrid")
    # Every candidate of either ranking is scored by both queries.
    by_terms, by_nearness = (
        {
            point.id: point.score
            for point in shard.query(
                qdrant.QueryRequest(limit=2 * depth, query=query, prefetches=rankings, filter=only)
            )
        }
        for query, only in ((sparse, None), (dense, comparable))
    )
    return Found(_chunks(shard, convex.fuse(by_terms, by_nearness, limit)), "hybrid")


def _chunks(
    shard: qdrant.EdgeShard, best: "Sequence[tuple[qdrant.PointId, float]]"
) -> tuple[ScoredChunk, ...]:
    records = shard.retrieve([id_ for id_, _ in best], with_payload=True, with_vector=False)
    payloads = {record.id: record.payload or {} for record in records}
    return tuple(ScoredChunk(chunk_from(payloads[id_]), score) for id_, score in best)


def _hits(
    shard: qdrant.EdgeShard,
    query: qdrant.Query | qdrant.Fusion.Rrf | qdrant.Fusion.Dbsf,
    limit: int,
    rankings: list[qdrant.Prefetch] | None = None,
    only: qdrant.Filter | None = None,
) -> tuple[ScoredChunk, ...]:
    request = qdrant.QueryRequest(
        limit=limit,
        query=query,  # type: ignore[arg-type] # the stubs miss that these are Fusions
        prefetches=rankings,
        filter=only,
        with_payload=True,
    )
    return tuple(
        ScoredChunk(chunk_from(point.payload or {}), point.score) for point in shard.query(request)
    )


def _has_comparable(shard: qdrant.EdgeShard, embedding: Embedding) -> bool:
    return shard.count(qdrant.CountRequest(filter=_comparable(embedding))) > 0


def _comparable(embedding: Embedding) -> qdrant.Filter:
    origin = qdrant.MatchValue(origin_of(embedding))
    return qdrant.Filter(must=[qdrant.FieldCondition(EMBEDDER, match=origin)])


def _vectors(
    one: IndexedChunk,
) -> dict[str, list[float] | qdrant.SparseVector | list[list[float]]]:
    terms = qdrant.SparseVector(list(one.terms.indices), list(one.terms.values))
    if one.embedding is None:
        return {BM25: terms}
    return {BM25: terms, DENSE: list(one.embedding.vector)}
