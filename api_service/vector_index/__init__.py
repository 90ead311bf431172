"""The vector index: where chunks are kept and searched.

Two forms plug in, a Qdrant server and Qdrant's engine in this process, and one set of contract
tests holds for both. Each keeps the collection `textbook_chunks` with two named vectors: "bm25"
(sparse, weighted by Qdrant's own inverse document frequency) always, and "dense" when an embedder
is configured.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from api_service.documents import Chunk, ScoredChunk

COLLECTION = "textbook_chunks"

Retrieval = Literal["hybrid", "dense", "bm25"]
"""Which vectors a search really compared: both, embeddings alone, or terms alone."""


Fusion = Literal["convex", "dbsf", "rrf"]
"""How two rankings become one: by both scores of every candidate, each as a part of the best and
weighted, or by Qdrant's own distribution-based or reciprocal rank fusion."""

DEFAULT_FUSION: Fusion = "convex"


class IndexRefused(Exception):
    """The index cannot be opened, or not be used as it is; the text says why and what helps."""


class IndexInUse(IndexRefused):
    """Another process holds the embedded index; Qdrant's engine lets one in at a time."""


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term ids and their weights, in the same order; shapes (n,) and (n,)."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Embedding:
    """A dense vector and the embedder it comes from; those of two embedders are never compared.

    Attributes:
        embedder: The embedder's name, "vendor:model".
        vector: Shape (dimensions,).
    """

    embedder: str
    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with all that is stored beside it.

    Attributes:
        chunk: The chunk itself.
        fingerprint: Changes when anything stored for the chunk would change.
        terms: BM25 weights of its terms.
        embedding: None without an embedder.
    """

    chunk: Chunk
    fingerprint: str
    terms: SparseVector
    embedding: Embedding | None


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """What tells whether a stored chunk is still what its source says.

    Attributes:
        path: The source file of its page.
        fingerprint: As written.
    """

    path: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought.

    Attributes:
        chunks: Best first.
        retrieval: What was really compared, whatever was asked for.
    """

    chunks: tuple[ScoredChunk, ...]
    retrieval: Retrieval


class VectorIndex(Protocol):
    """Keeps chunks and finds them again. Every method raises IndexUnavailable when it cannot."""

    async def prepare(self, dimensions: int | None) -> None:
        """Create the collection if it is missing, and fit its dense vector to dimensions.

        When stored dense vectors have another length they are dropped: the fingerprints of their
        chunks name another embedder, so ingestion writes them again.

        Raises:
            IndexRefused: A collection of this name exists that is not ours.
        """
        ...

    async def stored(self) -> dict[str, StoredChunk]:
        """Return every stored chunk by its id; empty without a collection."""
        ...

    def stored_in_pages(self) -> AsyncIterator[dict[str, StoredChunk]]:
        """Yield every stored chunk by its id, some at a time; none without a collection."""
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
        self,
        terms: SparseVector,
        embedding: Embedding | None,
        limit: int,
        fusion: Fusion = DEFAULT_FUSION,
    ) -> Found:
        """Return at most limit chunks, best first; none without a collection.

        With an embedding both rankings are fused. Without one, or when no stored vector comes from
        the same embedder, the order is BM25's. With an embedding and no terms the order is nearness
        alone.
        """
        ...

    async def close(self) -> None:
        """Let go of connections, files and locks."""
        ...
