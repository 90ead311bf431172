"""Statements in other words than their source's, compared by meaning where there is an embedder.

A paraphrase, or an answer in another language than the book's, is as near to its source as to few
other passages. How near that is depends on the embedder; how far it stands out does not.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import structlog

from api_service.documents import ScoredChunk
from api_service.embedders import Embedder
from api_service.problems import IndexUnavailable, ModelUnavailable
from api_service.retrieval.retriever import Retriever
from api_service.together import together
from api_service.vector_index import Embedding, SparseVector
from api_service.vector_index.prominence import NEAREST, prominence

log = structlog.get_logger(__name__)

PROMINENT = 0.4
"""How far a source must stand out among the passages nearest to what it is cited for. Chosen as
`support.SUPPORTED` is: docs/decisions/0025."""

SECONDS = 1.0
"""Longest wait; after it the words alone decide."""

_NO_TERMS = SparseVector((), ())


@dataclass(frozen=True, slots=True)
class Doubt:
    """A statement that its source does not say in the same words.

    Attributes:
        statement: Its words.
        source: What it cites.
    """

    statement: str
    source: ScoredChunk


async def near_in_meaning(
    doubts: Sequence[Doubt], retriever: Retriever, *, by: float = inf
) -> list[bool]:
    """Return for each whether its source says it by meaning; never, where that cannot be told.

    Args:
        doubts: What is looked at.
        retriever: What the book is searched with.
        by: When it must be known, in the event loop's seconds.
    """
    embedder = retriever.embedder
    if embedder is None or not doubts:
        return [False] * len(doubts)
    try:
        soon = asyncio.get_running_loop().time() + SECONDS
        async with asyncio.timeout_at(min(soon, by)):
            return await _compared(doubts, retriever, embedder)
    except (ModelUnavailable, IndexUnavailable, TimeoutError) as error:
        log.warning("citations_not_compared", error=type(error).__name__)
        return [False] * len(doubts)


async def _compared(
    doubts: Sequence[Doubt], retriever: Retriever, embedder: Embedder
) -> list[bool]:
    with retriever.breaker.call():
        vectors = await embedder.embed([doubt.statement for doubt in doubts])
    embeddings = (Embedding(embedder.name, tuple(vector)) for vector in vectors)
    async with together() as searching:
        searches = [
            searching.create_task(retriever.index.search(_NO_TERMS, each, NEAREST))
            for each in embeddings
        ]
    found = [each.result() for each in searches]
    return [
        each.retrieval == "dense" and _stands_out(doubt.source, each.chunks)
        for doubt, each in zip(doubts, found, strict=True)
    ]


def _stands_out(source: ScoredChunk, nearest: Sequence[ScoredChunk]) -> bool:
    own = {chunk.id for chunk in (*source.before, source.chunk, *source.after)}
    cosines = [scored.score for scored in nearest]
    best = max((each.score for each in nearest if each.chunk.id in own), default=None)
    if best is None:
        return False
    far = prominence(cosines, of=best)
    return far is not None and far >= PROMINENT
