"""The vector index: where chunks are kept and searched.

Two forms plug in, a Qdrant server and Qdrant's engine in this process, and one set of contract
tests holds for both. Each keeps the collection `textbook_chunks` with two named vectors: "bm25"
(sparse, weighted by Qdrant's own inverse document frequency) always, and "dense" when an embedder
is configured.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from api_service.documents import Chunk, ScoredChunk

COLLECTION = "textbook_chunks"


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term ids and their weights, in the same order; shapes (n,) and (n,)."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with all that is stored beside it.

    Attributes:
        chunk: The chunk itself.
        fingerprint: Changes when anything stored for the chunk would change.
        terms: BM25 weights of its terms.
        embedding: Its dense vector, or None without an embedder; shape (dimensions,).
    """

    chunk: Chunk
    fingerprint: str
    terms: SparseVector
    embedding: tuple[float, ...] | None


class VectorIndex(Protocol):
    """Keeps chunks and finds them again. Every method raises IndexUnavailable when it cannot."""

    async def prepare(self, dimensions: int | None) -> None:
        """Create the collection if it is missing, and fit its dense vector to dimensions.

        When stored dense vectors have another length they are dropped: the fingerprints of their
        chunks name another embedder, so ingestion writes them again.
        """
        ...

    async def fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of every stored chunk by its id; empty without a collection."""
        ...

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Store chunks, replacing those with the same ids; on return they survive a crash."""
        ...

    async def remove(self, ids: Collection[str]) -> None:
        """Remove chunks by id; unknown ids are ignored."""
        ...

    async def count(self) -> int:
        """Return the number of stored chunks; 0 without a collection."""
        ...

    async def search(
        self, terms: SparseVector, embedding: Sequence[float] | None, limit: int
    ) -> list[ScoredChunk]:
        """Return at most limit chunks, best first.

        With an embedding both rankings are fused inside Qdrant by reciprocal rank fusion;
        without one the order is BM25's.
        """
        ...

    async def close(self) -> None:
        """Let go of connections, files and locks."""
        ...
