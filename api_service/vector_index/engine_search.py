"""A search of one shard of Qdrant's engine; every call here blocks."""

from collections.abc import Callable, Collection

import qdrant_edge as qdrant

from api_service.documents import Chunk, ScoredChunk
from api_service.vector_index import Asked, Found, convex
from api_service.vector_index.points import (
    BM25,
    BOOK,
    CANDIDATES,
    DENSE,
    EMBEDDER,
    RRF_K,
    chunk_from,
    origin_of,
)
from api_service.vector_index.prominence import prominence

Read = Callable[[Collection[str]], dict[str, Chunk]]
"""Returns the stored ones of some chunks by their ids, as `chunks` does."""


def search(shard: qdrant.EdgeShard, book: str, asked: Asked, read: Read) -> Found:
    """Return at most asked.limit chunks, best first, and what was compared to find them.

    Args:
        shard: The engine's.
        book: Whose chunks are searched.
        asked: For what.
        read: Reads the chunks that two rankings together have found.
    """
    terms, embedding, limit = asked.terms, asked.embedding, asked.limit
    sparse = qdrant.Query.Nearest(
        qdrant.SparseVector(list(terms.indices), list(terms.values)), using=BM25
    )
    in_book = only(book)
    # A term's rarity counts within the book, whatever other books are kept beside it.
    rarity = qdrant.SearchParams(idf=qdrant.IdfParams(corpus=in_book))
    near = comparable_in(book, origin_of(embedding)) if embedding else in_book
    if embedding is None or not shard.count(qdrant.CountRequest(filter=near)):
        if not terms.indices:
            return Found((), "bm25")
        rarest = qdrant.QueryRequest(
            limit=limit, query=sparse, filter=in_book, params=rarity, with_payload=True
        )
        return Found(_hits(shard, rarest), "bm25")
    dense = qdrant.Query.Nearest(list(embedding.vector), using=DENSE)
    if not terms.indices:
        nearest = qdrant.QueryRequest(limit=limit, query=dense, filter=near, with_payload=True)
        hits = _hits(shard, nearest)
        return Found(hits, "dense", prominence=prominence(hit.score for hit in hits))
    depth = max(limit, CANDIDATES)
    if asked.fusion != "convex":
        rule = qdrant.Fusion.Rrf(k=RRF_K) if asked.fusion == "rrf" else qdrant.Fusion.Dbsf()
        fused = qdrant.QueryRequest(
            limit=limit,
            query=rule,  # type: ignore[arg-type] # the stubs miss that these are Fusions
            prefetches=[
                qdrant.Prefetch(limit=depth, query=sparse, filter=in_book, params=rarity),
                qdrant.Prefetch(limit=depth, query=dense, filter=near),
            ],
            with_payload=True,
        )
        return Found(_hits(shard, fused), "hybrid")

    def by_terms(depth: int, among: qdrant.Filter) -> "dict[qdrant.PointId, float]":
        return _scores(
            shard, qdrant.QueryRequest(limit=depth, query=sparse, filter=among, params=rarity)
        )

    def by_nearness(depth: int, among: qdrant.Filter) -> "dict[qdrant.PointId, float]":
        return _scores(shard, qdrant.QueryRequest(limit=depth, query=dense, filter=among))

    # Every candidate of either ranking is scored by both queries.
    terms_of, nearness_of = by_terms(depth, in_book), by_nearness(depth, near)
    by_one, by_other = terms_of.keys() - nearness_of, nearness_of.keys() - terms_of
    if by_one:
        nearness_of |= by_nearness(depth, _among(near, by_one))
    if by_other and len(terms_of) == depth:  # else no other chunk has any of the terms
        terms_of |= by_terms(depth, _among(in_book, by_other))
    best = convex.fuse(terms_of, nearness_of, limit)
    found = read([str(id_) for id_, _ in best])
    scored = tuple(ScoredChunk(found[str(id_)], score) for id_, score in best)
    return Found(scored, "hybrid", prominence=prominence(nearness_of.values()))


def chunks(shard: qdrant.EdgeShard, ids: Collection[str]) -> dict[str, Chunk]:
    """Return the stored ones of these chunks by their ids."""
    records = shard.retrieve(list(ids), with_payload=True, with_vector=False)
    return {str(record.id): chunk_from(record.payload or {}) for record in records}


def _scores(shard: qdrant.EdgeShard, request: qdrant.QueryRequest) -> "dict[qdrant.PointId, float]":
    return {point.id: point.score for point in shard.query(request)}


def _hits(shard: qdrant.EdgeShard, request: qdrant.QueryRequest) -> tuple[ScoredChunk, ...]:
    return tuple(
        ScoredChunk(chunk_from(point.payload or {}), point.score) for point in shard.query(request)
    )


def of_book(book: str) -> qdrant.FieldCondition:
    """Return what holds for a book's chunks."""
    return qdrant.FieldCondition(BOOK, match=qdrant.MatchValue(book))


def only(book: str) -> qdrant.Filter:
    """Return what lets a book's chunks through."""
    return qdrant.Filter(must=[of_book(book)])


def comparable_in(book: str, stored_origin: str) -> qdrant.Filter:
    """Return what lets those through whose vectors come from the same embedder."""
    same = qdrant.FieldCondition(EMBEDDER, match=qdrant.MatchValue(stored_origin))
    return qdrant.Filter(must=[of_book(book), same])


def _among(known: qdrant.Filter, ids: "set[qdrant.PointId]") -> qdrant.Filter:
    return qdrant.Filter(must=[known, qdrant.HasIdCondition(ids)])
