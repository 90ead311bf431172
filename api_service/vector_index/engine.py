"""What the embedded index does to one shard of Qdrant's engine; every call here blocks.

The engine raises plain `Exception` for whatever goes wrong; `embedded.py` translates.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import qdrant_edge as qdrant

from api_service.documents import Chunk
from api_service.vector_index import (
    IndexedChunk,
    IndexRefused,
    StoredChunk,
    generations,
)
from api_service.vector_index.engine_search import comparable_in, of_book, only
from api_service.vector_index.points import (
    BM25,
    BOOK,
    DENSE,
    EMBEDDER,
    FINGERPRINT,
    FORGOTTEN,
    OTHER_LENGTH,
    PATH,
    UNNAMED,
    chunk_from,
    dimensions_in,
    indexed_from,
    origin,
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
        # What has been packed is searched in the file, through the system's own cache.
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
    try:
        shard = qdrant.EdgeShard.create(str(folder), config)
        for member in (EMBEDDER, BOOK):
            shard.update(_index_of(member))
        shard.flush()
    except Exception as error:
        raise IndexRefused(f"The index cannot be made in {folder.parent} ({error}).") from error
    return shard


def _index_of(member: str) -> qdrant.UpdateOperation:
    return qdrant.UpdateOperation.create_field_index(member, qdrant.PayloadSchemaType.Keyword)


def load(folder: Path) -> qdrant.EdgeShard:
    """Open the shard in a folder; what its log holds and its segments miss is applied again.

    Raises:
        IndexRefused: It cannot be read, or the disk is nearly full.
    """
    with suppress(OSError):  # the folder is gone
        generations.require_room(folder.parent, generations.ROOM_TO_OPEN)
    try:
        return qdrant.EdgeShard.load(str(folder))
    except Exception as error:
        with suppress(OSError):
            generations.require_room(folder.parent)  # a full disk says nothing against the book
        raise IndexRefused(
            f"The index in {folder} cannot be read ({error}). Remove the folder {folder.parent} "
            "and ingest the book again."
        ) from error


def close(shard: qdrant.EdgeShard) -> None:
    """Flush and close; the shard is of no use afterwards."""
    shard.flush()
    shard.close()


def name_books(shard: qdrant.EdgeShard) -> None:
    """Put the default book's name to chunks stored when there was one book, and flush."""
    unnamed = qdrant.Filter(must=[qdrant.IsEmptyCondition(BOOK)])
    shard.update(qdrant.UpdateOperation.set_payload_by_filter(unnamed, UNNAMED))
    shard.update(_index_of(BOOK))
    shard.flush()


def dimensions_of(shard: qdrant.EdgeShard) -> int | None:
    """Return the length of the stored dense vectors; None where there is none."""
    with_vector = qdrant.Filter(must_not=[qdrant.IsEmptyCondition(EMBEDDER)])
    members = qdrant.PayloadSelector.Include([EMBEDDER])
    request = qdrant.ScrollRequest(limit=1, with_payload=members, filter=with_vector)
    (found, _) = shard.scroll(request)
    return dimensions_in((found[0].payload or {})[EMBEDDER]) if found else None


def fits(shard: qdrant.EdgeShard, book: str, dimensions: int, index: Path) -> bool:
    """Tell whether the stored dense vectors have this length; the index is what the shard is in.

    Raises:
        IndexRefused: They have another, and are another book's.
    """
    stored = dimensions_of(shard)
    if stored in (None, dimensions):
        return stored is not None
    others = qdrant.Filter(must_not=[of_book(book), qdrant.IsEmptyCondition(EMBEDDER)])
    if shard.count(qdrant.CountRequest(filter=others)):
        cure = f"stop the service and remove the folder {index}"
        raise IndexRefused(OTHER_LENGTH.format(stored=stored, asked=dimensions, cure=cure))
    return False


def fit(shard: qdrant.EdgeShard, book: str, dimensions: int) -> None:
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
        forget = qdrant.UpdateOperation.set_payload_by_filter(only(book), FORGOTTEN)
        shard.update(forget)
        shard.flush()
        shard.update(qdrant.UpdateOperation.delete_vector_name(DENSE))
        shard.update(create_dense)
    shard.flush()


def stored(
    shard: qdrant.EdgeShard, book: str, offset: "qdrant.PointId | None"
) -> "tuple[dict[str, StoredChunk], qdrant.PointId | None]":
    """Return some stored chunks of the book by their ids, and where to go on; None at the end."""
    members = qdrant.PayloadSelector.Include([PATH, FINGERPRINT])
    page, next_ = shard.scroll(
        qdrant.ScrollRequest(offset=offset, limit=_PAGE, with_payload=members, filter=only(book))
    )
    return {str(record.id): stored_from(record.payload or {}) for record in page}, next_


def page(
    shard: qdrant.EdgeShard, book: str, after: str | None, limit: int
) -> tuple[list[Chunk], str | None]:
    """Return up to limit chunks of the book by their ids, and where the next page begins."""
    records, next_ = shard.scroll(
        qdrant.ScrollRequest(offset=after, limit=limit, with_payload=True, filter=only(book))
    )
    found = [chunk_from(record.payload or {}) for record in records]
    return found, None if next_ is None else str(next_)


def whole(
    shard: qdrant.EdgeShard, book: str, after: str | None, limit: int
) -> tuple[list[IndexedChunk], str | None]:
    """Return chunks with all that is stored beside them; otherwise as `page`."""
    records, next_ = shard.scroll(
        qdrant.ScrollRequest(
            offset=after, limit=limit, with_payload=True, with_vector=True, filter=only(book)
        )
    )
    found = [indexed_from(record.payload or {}, record.vector) for record in records]
    return found, None if next_ is None else str(next_)


def write(shard: qdrant.EdgeShard, chunks: Sequence[IndexedChunk]) -> None:
    """Store chunks and flush."""
    points = [qdrant.Point(one.chunk.id, _vectors(one), payload_of(one)) for one in chunks]
    shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.flush()


def remove(shard: qdrant.EdgeShard, ids: Collection[str]) -> None:
    """Remove chunks and flush; rebuilds the segments once a fifth of their points are gone."""
    shard.update(qdrant.UpdateOperation.delete_points(list(ids)))
    shard.optimize()
    shard.flush()


def count(shard: qdrant.EdgeShard, book: str) -> int:
    """Return the number of the book's chunks."""
    return shard.count(qdrant.CountRequest(filter=only(book)))


def comparable(shard: qdrant.EdgeShard, book: str, embedder: str, dimensions: int) -> int:
    """Return how many of them have a vector of this embedder and length."""
    same = comparable_in(book, origin(embedder, dimensions))
    return shard.count(qdrant.CountRequest(filter=same))


def _vectors(
    one: IndexedChunk,
) -> dict[str, list[float] | qdrant.SparseVector | list[list[float]]]:
    terms = qdrant.SparseVector(list(one.terms.indices), list(one.terms.values))
    if one.embedding is None:
        return {BM25: terms}
    return {BM25: terms, DENSE: list(one.embedding.vector)}
