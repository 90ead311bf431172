"""What is asked of a Qdrant server, in the client's own forms; every request is bound to a book."""

from collections.abc import Sequence
from dataclasses import dataclass

from qdrant_client import models

from api_service.documents import ScoredChunk
from api_service.vector_index import Embedding, Fusion, IndexedChunk, Retrieval, SparseVector
from api_service.vector_index.points import (
    BM25,
    BOOK,
    CANDIDATES,
    DENSE,
    EMBEDDER,
    RRF_K,
    chunk_from,
    origin_of,
    payload_of,
)


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes the requests for one book's part of a collection.

    Attributes:
        book: The book's name; None where all chunks are the book's.
        near: Parameters of searches by nearness.
    """

    book: str | None
    near: models.SearchParams | None

    @property
    def of_book(self) -> models.Filter | None:
        """What the book's chunks have in common; None where they are all there is."""
        return only(self.book) if self.book else None

    def comparable(self, stored_origin: str) -> models.Filter:
        """Return what the book's chunks with vectors of an origin have in common."""
        same = models.FieldCondition(key=EMBEDDER, match=models.MatchValue(value=stored_origin))
        return models.Filter(must=[_of(self.book), same] if self.book else [same])

    def by_terms(self, terms: SparseVector, limit: int) -> models.QueryRequest:
        """Return a search by terms alone."""
        return models.QueryRequest(
            query=sparse(terms),
            using=BM25,
            filter=self.of_book,
            params=self._rarity(),
            limit=limit,
            with_payload=True,
        )

    def _rarity(self) -> models.SearchParams | None:
        """Return what makes a term's rarity count within the book."""
        if self.of_book is None:
            return None
        return models.SearchParams(idf=models.IdfCorpusParams(corpus=self.of_book))

    def by_both(
        self, terms: SparseVector, embedding: Embedding, limit: int, fusion: Fusion
    ) -> tuple[list[models.QueryRequest], Retrieval]:
        """Return the searches whose rankings make one, and what they compare."""
        comparable, vector = self.comparable(origin_of(embedding)), list(embedding.vector)
        if not terms.indices:
            return [
                models.QueryRequest(
                    query=vector,
                    using=DENSE,
                    filter=comparable,
                    params=self.near,
                    limit=limit,
                    with_payload=True,
                )
            ], "dense"
        depth = max(limit, CANDIDATES)
        rarity = self._rarity()
        rankings = [
            models.Prefetch(
                query=sparse(terms), using=BM25, filter=self.of_book, params=rarity, limit=depth
            ),
            models.Prefetch(
                query=vector, using=DENSE, filter=comparable, params=self.near, limit=depth
            ),
        ]
        if fusion == "convex":
            # Every candidate of either ranking is scored by both queries.
            return [
                models.QueryRequest(
                    prefetch=rankings,
                    query=query,
                    using=using,
                    filter=only,
                    params=params,
                    limit=2 * depth,
                )
                for query, using, only, params in (
                    (sparse(terms), BM25, self.of_book, rarity),
                    (vector, DENSE, comparable, self.near),
                )
            ], "hybrid"
        rule = (
            models.RrfQuery(rrf=models.Rrf(k=RRF_K))
            if fusion == "rrf"
            else models.FusionQuery(fusion=models.Fusion.DBSF)
        )
        return [
            models.QueryRequest(prefetch=rankings, query=rule, limit=limit, with_payload=True)
        ], "hybrid"


def only(book: str) -> models.Filter:
    """Return what the chunks of a book have in common."""
    return models.Filter(must=[_of(book)])


def others_with_vectors(book: str) -> models.Filter:
    """Return what the chunks of all other books that have a dense vector have in common."""
    no_vector = models.IsEmptyCondition(is_empty=models.PayloadField(key=EMBEDDER))
    return models.Filter(must_not=[_of(book), no_vector])


def _of(book: str) -> models.FieldCondition:
    return models.FieldCondition(key=BOOK, match=models.MatchValue(value=book))


def sparse(terms: SparseVector) -> models.SparseVector:
    """Return term weights as the client has them."""
    return models.SparseVector(indices=list(terms.indices), values=list(terms.values))


def hits(answer: models.QueryResponse) -> tuple[ScoredChunk, ...]:
    """Return the chunks of an answer, best first."""
    return tuple(
        ScoredChunk(chunk_from(point.payload or {}), point.score) for point in answer.points
    )


def points_of(chunks: Sequence[IndexedChunk]) -> list[models.PointStruct]:
    """Return chunks as they are stored."""
    return [
        models.PointStruct(id=one.chunk.id, vector=_vectors(one), payload=payload_of(one))
        for one in chunks
    ]


def _vectors(stored: IndexedChunk) -> dict[str, models.Vector]:
    vectors: dict[str, models.Vector] = {BM25: sparse(stored.terms)}
    if stored.embedding:
        vectors[DENSE] = list(stored.embedding.vector)
    return vectors
