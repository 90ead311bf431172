"""A question becomes ranked chunks: embedded, searched, what it names put first, then thinned."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from api_service.documents import ScoredChunk
from api_service.embedders import Embedder
from api_service.embedders.bm25 import identifiers, query_terms
from api_service.problems import BookMissing, ModelUnavailable
from api_service.vector_index import (
    DEFAULT_FUSION,
    Embedding,
    Found,
    Fusion,
    Retrieval,
    SparseVector,
    VectorIndex,
)

log = structlog.get_logger(__name__)

EMBED_SECONDS = 5.0
"""Longest wait for a question's vector; after it the terms alone must do."""

PER_SECTION = 2
"""Most chunks of one section among the results, so that one long section does not fill them."""

_DEPTH = 3
"""Chunks searched for each one returned: what thinning drops is replaced from below."""

_NO_TERMS = SparseVector((), ())


async def retrieve(  # noqa: PLR0913 # all but the question by name
    question: str,
    *,
    index: VectorIndex,
    embedder: Embedder | None,
    limit: int,
    fusion: Fusion = DEFAULT_FUSION,
    by: Retrieval = "hybrid",
) -> Found:
    """Return at most limit chunks for a question, best first, at most PER_SECTION of a section.

    Without a vector of the question, because no embedder is configured or it does not answer, the
    search goes by terms alone; Found.retrieval says so.

    Args:
        question: As the reader wrote it.
        index: Where the book is searched.
        embedder: The one the book was ingested with.
        limit: Most chunks.
        fusion: How two rankings become one.
        by: What to compare at most; less than "hybrid" is for measuring one ranking alone.

    Raises:
        IndexUnavailable: The index does not answer.
        BookMissing: The index is empty.
    """
    embedding = await _embed(question, embedder) if embedder and by != "bm25" else None
    terms = query_terms(question) if by != "dense" else _NO_TERMS
    found = await index.search(terms, embedding, limit * _DEPTH, fusion)
    if not found.chunks and await index.count() == 0:
        raise BookMissing("No book has been ingested yet.")
    ranked = _naming_first(question, found.chunks)
    return replace(found, chunks=tuple(_thinned(ranked))[:limit])


async def _embed(question: str, embedder: Embedder) -> Embedding | None:
    try:
        async with asyncio.timeout(EMBED_SECONDS):
            (vector,) = await embedder.embed([question])
    except (ModelUnavailable, TimeoutError) as error:
        log.warning("question_not_embedded", embedder=embedder.name, error=type(error).__name__)
        return None
    return Embedding(embedder.name, tuple(vector))


def _naming_first(question: str, ranked: Sequence[ScoredChunk]) -> Sequence[ScoredChunk]:
    """Put the chunks that name most of the question's identifiers first, each group as ranked.

    Who asks for `ROS_DOMAIN_ID` means that and nothing near it, however near it is.
    """
    asked = set(identifiers(question))
    if not asked:
        return ranked
    return sorted(
        ranked, key=lambda scored: -len(asked.intersection(identifiers(scored.chunk.searchable)))
    )


def _thinned(ranked: Iterable[ScoredChunk]) -> Iterable[ScoredChunk]:
    taken: Counter[tuple[str, str]] = Counter()
    for scored in ranked:
        section = (scored.chunk.document, scored.chunk.anchor)
        taken[section] += 1
        if taken[section] <= PER_SECTION:
            yield scored
