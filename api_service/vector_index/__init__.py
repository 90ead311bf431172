"""The vector index: where chunks are kept and searched.

Two forms plug in, a Qdrant server and Qdrant's engine in this process, and one set of contract
tests holds for both. Each keeps chunks with two named vectors: "bm25" (sparse, weighted by Qdrant's
own inverse document frequency) always, and "dense" when an embedder is configured.

What readers search is one generation of the index. An ingestion changes a copy of it, and the copy
takes its place as a whole (drafts.py), so that nobody reads half a book. One index keeps several
books; what is opened is one book's part of it, and nothing of the others is seen or touched.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from api_service.documents import Chunk, ScoredChunk

COLLECTION = "textbook_chunks"
"""What readers ask a Qdrant server for: an alias of the live generation."""

SCHEMA = 2
"""How chunks lie in the index; before 2 they did not say which book they belong to."""

Made = Mapping[str, str | int | None]
"""What an index was made by, written beside it for people to read: embedder, chunker and so on."""

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
class Asked:
    """What is searched for, as `VectorIndex.search` takes it."""

    terms: SparseVector
    embedding: Embedding | None
    limit: int
    fusion: Fusion


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought.

    Attributes:
        chunks: Best first.
        retrieval: What was really compared, whatever was asked for.
        generation: The one all of it is from; "" where there is none.
        reranked: Whether a reranker has put the best of them in their order.
        prominence: How far the nearest by meaning stands out, 0 to 1 (prominence.py); None where
            that is not known, as by terms alone.
    """

    chunks: tuple[ScoredChunk, ...]
    retrieval: Retrieval
    generation: str = ""
    reranked: bool = False
    prominence: float | None = None


class VectorIndex(Protocol):
    """Keeps a book's chunks and finds them again.

    Every method raises IndexUnavailable when it cannot. All of one search, and all of one listing,
    comes from one generation.
    """

    @property
    def book(self) -> str:
        """The name of the book; chunks of others are neither seen nor touched."""
        ...

    async def prepare(self, dimensions: int | None, made: Made | None = None) -> None:
        """Create the collection if it is missing, and fit its dense vector to dimensions.

        When stored dense vectors have another length they are dropped: the fingerprints of their
        chunks name another embedder, so ingestion writes them again.

        Args:
            dimensions: Length of the vectors to come; None: there are none to come.
            made: What the index is made by from now on.

        Raises:
            IndexRefused: A collection of this name exists that is not ours, or another book's
                vectors have another length.
        """
        ...

    def stored(self) -> AsyncIterator[dict[str, StoredChunk]]:
        """Yield every stored chunk of the book by its id, some at a time.

        There are none without a collection. The index must not be changed meanwhile.
        """
        ...

    async def write(self, chunks: Sequence[IndexedChunk]) -> None:
        """Store chunks, replacing those with the same ids; on return they survive a crash."""
        ...

    async def remove(self, ids: Collection[str]) -> None:
        """Remove chunks by id; unknown ids are ignored."""
        ...

    async def count(self) -> int:
        """Return the number of stored chunks of the book; 0 without a collection."""
        ...

    async def comparable(self, embedder: str, dimensions: int) -> int:
        """Return how many of them have a vector of this embedder and length."""
        ...

    async def chunks(self, ids: Collection[str], generation: str) -> dict[str, Chunk]:
        """Return the stored ones of these chunks by their ids.

        Args:
            ids: Of chunks of the book.
            generation: The one a search found their neighbours in. Where another took its place
                meanwhile none may be returned, but never one of another.
        """
        ...

    async def page(self, after: str | None, limit: int) -> tuple[list[Chunk], str | None]:
        """Return up to limit chunks of the book by their ids, and where the next page begins.

        Args:
            after: None for the first page, else what the page before returned.
            limit: Most chunks.

        Returns:
            The chunks, and None where there are no more.
        """
        ...

    async def whole(self, after: str | None, limit: int) -> tuple[list[IndexedChunk], str | None]:
        """Return chunks with all that is stored beside them, vectors too; otherwise as `page`."""
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


class LiveIndex(VectorIndex, Protocol):
    """What readers search, and how a copy of it is made, changed elsewhere and put in its place."""

    async def begin(self) -> None:
        """Keep every other ingestion out until `close`; a second call does nothing.

        Raises:
            IndexRefused: Another one is at work.
        """
        ...

    async def fits(self, dimensions: int | None) -> bool:
        """Tell whether it is as one made now would be, so that `prepare` would change nothing.

        Raises:
            IndexRefused: As `prepare` does.
        """
        ...

    async def left_over(self) -> bool:
        """Tell whether an ingestion that was broken off left a copy that is good to go on with."""
        ...

    async def copy(self, dimensions: int | None = None) -> str:
        """Copy the live generation, or take the copy that was left over; return its name.

        Args:
            dimensions: Length of the vectors to come, for the first generation of all.
        """
        ...

    async def opened(self, name: str) -> VectorIndex:
        """Open a copy, to be changed and closed."""
        ...

    async def adopt(self, name: str) -> None:
        """Make a copy that was closed the live generation; no search fails or waits for it."""
        ...

    async def discard(self, name: str) -> None:
        """Remove a copy; one that was adopted stays."""
        ...
