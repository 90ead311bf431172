"""Chunks that mean nothing but have the sizes of a book's: terms, text and a vector.

How often the terms come follows Zipf's law over a vocabulary that grows with the library, as in
real text (Heaps' law), so that lists of rare and of common terms are as long as in a real index.
"""

from collections.abc import Iterator
from random import Random

import numpy as np

from api_service.documents import Chunk
from api_service.vector_index import Embedding, IndexedChunk, SparseVector

EMBEDDER = "synthetic:normal"
_TERMS = 140
"""Terms and pairs of neighbouring words in a chunk of 400 tokens, on average."""

_TEXT = "Sensors tell a robot where it is and what is before it. " * 24
_CHUNKS_A_PAGE = 10


def vocabulary(chunks: int) -> int:
    """Return how many different terms so many chunks have; Heaps' law with an exponent of 0.6."""
    return int(60 * (chunks * _TERMS) ** 0.6)


class Library:
    """Chunks and questions, the same ones for the same size.

    Args:
        chunks: How many there are.
        dimensions: The length of their vectors; 0 for none.
    """

    def __init__(self, chunks: int, dimensions: int) -> None:
        self._chunks = chunks
        self._dimensions = dimensions
        self._random = Random(chunks)  # noqa: S311 -- no secret
        self._normal = np.random.default_rng(chunks)
        self._words = vocabulary(chunks)

    def chunks(self) -> Iterator[IndexedChunk]:
        """Yield them in the order of their pages."""
        for place in range(self._chunks):
            page = place // _CHUNKS_A_PAGE
            chunk = Chunk(
                document=f"page-{page}",
                path=f"page-{page}.md",
                title=f"Page {page}",
                heading_path=(f"Page {page}", f"Section {place % _CHUNKS_A_PAGE}"),
                url=f"https://book.example/docs/page-{page}",
                anchor=f"section-{place % _CHUNKS_A_PAGE}",
                text=_TEXT,
                ordinal=0,
            )
            number = self._random.randint(_TERMS // 2, _TERMS * 3 // 2)
            embedding = Embedding(EMBEDDER, self._vector()) if self._dimensions else None
            yield IndexedChunk(chunk, "1", self._terms(number), embedding)

    def questions(self, number: int) -> Iterator[tuple[SparseVector, Embedding | None]]:
        """Yield questions of six words and the pairs among them."""
        for _ in range(number):
            embedding = Embedding(EMBEDDER, self._vector()) if self._dimensions else None
            yield self._terms(11), embedding

    def _terms(self, number: int) -> SparseVector:
        # Inverse of the distribution of a continuous Zipf law: rank = N ** u.
        ranks = {int(self._words ** self._random.random()) for _ in range(number)}
        # Spread over 32 bits, as hashes of words are.
        indices = sorted({rank * 2654435761 % (1 << 32) for rank in ranks})
        return SparseVector(tuple(indices), tuple(1.0 for _ in indices))

    def _vector(self) -> tuple[float, ...]:
        vector = self._normal.normal(size=self._dimensions)
        return tuple((vector / np.linalg.norm(vector)).tolist())
