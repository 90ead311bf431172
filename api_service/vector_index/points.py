"""How a chunk lies in Qdrant: the names of its vectors, and its payload; the same in both forms."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from api_service.documents import DEFAULT_BOOK, Chunk
from api_service.vector_index import Embedding, IndexedChunk, SparseVector, StoredChunk

BM25 = "bm25"
DENSE = "dense"

EMBEDDER = "embedder"
"""The payload's member that says where the dense vector comes from; null without one."""

BOOK = "book"
"""The payload's member that says which book a chunk belongs to; every request is bound to one."""

FINGERPRINT = "fingerprint"
PATH = "path"

FORGOTTEN: dict[str, Any] = {FINGERPRINT: "", EMBEDDER: None}
"""Put over the payload of chunks whose dense vector is dropped: no fingerprint equals "", so the
next ingestion writes them again, even one that goes back to the embedder they came from."""

CANDIDATES = 50
"""How deep each ranking goes, at least, before two are fused."""

# Qdrant counts ranks from 0 and adds 1 / (k + rank); the paper counts from 1 with k = 60.
# Source: Cormack, Clarke and Büttcher, SIGIR 2009.
RRF_K = 61

_CHUNK_FIELDS = tuple(field.name for field in fields(Chunk) if field.name != "lines")


UNNAMED: dict[str, Any] = {BOOK: DEFAULT_BOOK}
"""Put over the payload of chunks stored before schema 2, when there was one book."""

OTHER_LENGTH = (
    "The index keeps another book, whose vectors have {stored} numbers, and all in one index have "
    "as many; those of EMBEDDING_MODEL have {asked}. Ingest this book with the other's model, or "
    "make a new index with every book: {cure}."
)
"""Why vectors of another length are refused; stored, asked and cure are to be filled in."""


def origin_of(embedding: Embedding) -> str:
    """Return what two embeddings must have in common to be compared: embedder and length."""
    return origin(embedding.embedder, len(embedding.vector))


def origin(embedder: str, dimensions: int) -> str:
    """Return what is stored beside vectors of an embedder."""
    return f"{embedder}/{dimensions}"


def dimensions_in(stored_origin: str) -> int:
    """Return the length of vectors of an origin."""
    return int(stored_origin.rpartition("/")[2])


def payload_of(stored: IndexedChunk) -> dict[str, Any]:
    """Return the payload of a chunk: its own members, its fingerprint and its vector's origin."""
    origin = origin_of(stored.embedding) if stored.embedding else None
    chunk = asdict(stored.chunk)
    del chunk["lines"]
    return {**chunk, FINGERPRINT: stored.fingerprint, EMBEDDER: origin}


def chunk_from(payload: Mapping[str, Any]) -> Chunk:
    """Return the chunk a payload was made from."""
    # A point of an earlier version may miss what has a default.
    members = {name: payload[name] for name in _CHUNK_FIELDS if name in payload}
    return Chunk(**{**members, "heading_path": tuple(members["heading_path"])})


def indexed_from(payload: Mapping[str, Any], vectors: Any) -> IndexedChunk:  # noqa: ANN401 -- either form's
    """Return all that a point was made from.

    Args:
        payload: The point's.
        vectors: By their names, as either form of the index reads them.
    """
    terms, dense, origin = vectors[BM25], vectors.get(DENSE), payload.get(EMBEDDER)
    return IndexedChunk(
        chunk_from(payload),
        payload.get(FINGERPRINT, ""),
        SparseVector(tuple(terms.indices), tuple(terms.values)),
        Embedding(origin.rpartition("/")[0], tuple(dense)) if origin and dense else None,
    )


def stored_from(payload: Mapping[str, Any]) -> StoredChunk:
    """Return what ingestion compares; a point that misses a member counts as changed."""
    return StoredChunk(path=payload.get(PATH, ""), fingerprint=payload.get(FINGERPRINT, ""))
