"""A question becomes ranked chunks: spelt, embedded, searched, put in order, and thinned."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import structlog

from api_service.circuit_breaker import CircuitBreaker
from api_service.documents import ScoredChunk
from api_service.embedders import Embedder
from api_service.embedders.bm25 import query_terms
from api_service.embedders.recording import embedding_span
from api_service.metrics import SEARCH_TIMES, SEARCHES
from api_service.problems import BookMissing, ModelUnavailable
from api_service.rerankers import Reranker
from api_service.retrieval import duplicates, headings, naming
from api_service.retrieval.context import ALONE, Context, blended, preferring, with_context
from api_service.retrieval.naming import Named
from api_service.retrieval.reranking import reranked
from api_service.retrieval.spelling import Spelling, with_corrections
from api_service.search_settings import DEFAULT_LANGUAGE, Language
from api_service.together import together
from api_service.vector_index import (
    DEFAULT_FUSION,
    Embedding,
    Found,
    Fusion,
    Retrieval,
    SparseVector,
    VectorIndex,
)
from service_kit.traces import span

log = structlog.get_logger(__name__)

EMBED_SECONDS = 5.0
"""Longest wait for a question's vector, where nothing else is said."""

PER_SECTION = 2
"""Most chunks of one section among the results, so that one long section does not fill them."""

_DEPTH = 3
"""Chunks searched for each one returned: what thinning drops is replaced from below."""

_NO_TERMS = SparseVector((), ())
_NOTHING = Found((), "bm25")


@dataclass(frozen=True, slots=True)
class Retriever:
    """What a book is searched with.

    Attributes:
        index: Where it is searched.
        embedder: The one it was ingested with, or None.
        fusion: How two rankings become one.
        language: Whose stems it was ingested with.
        spelling: Corrects questions, or None.
        reranker: Orders the best once more, or None.
        embed_seconds: Longest wait for a question's vector; after it the terms alone must do.
        breaker: Spares questions that wait while the embedder is away.
    """

    index: VectorIndex
    embedder: Embedder | None = None
    fusion: Fusion = DEFAULT_FUSION
    language: Language = DEFAULT_LANGUAGE
    spelling: Spelling | None = None
    reranker: Reranker | None = None
    embed_seconds: float = EMBED_SECONDS
    breaker: CircuitBreaker = field(default_factory=lambda: CircuitBreaker("embedder"))


@dataclass(frozen=True, slots=True)
class _Read:
    """A question as it is searched for by its words.

    Attributes:
        spelt: As the book spells it.
        terms: Of both spellings, and of what is read beside it.
        named: What it names.
        besides: What that alone has found.
    """

    spelt: str
    terms: SparseVector
    named: Named
    besides: Found


async def retrieve(
    question: str,
    retriever: Retriever,
    *,
    limit: int,
    by: Retrieval = "hybrid",
    context: Context = ALONE,
) -> Found:
    """Return at most limit chunks for a question, best first, at most PER_SECTION of a section.

    Chunks that hold what the question names word for word come first. No two say the same. Without
    a vector of the question, because no embedder is configured or it does not answer, the search
    goes by terms alone; Found.retrieval says so.

    Args:
        question: As the reader wrote it.
        retriever: What the book is searched with.
        limit: Most chunks.
        by: What to compare at most; less than "hybrid" is for measuring one ranking alone, which
            is then neither corrected nor reranked, and by "dense" nothing but searched.
        context: What the question is read with.

    Raises:
        IndexUnavailable: The index does not answer.
        BookMissing: The index is empty.
    """
    with span("retrieve", {"gen_ai.operation.name": "retrieval"}) as recorded:
        found = await _retrieved(question, retriever, limit, by, context)
        recorded.set_attribute("retrieval.by", found.retrieval)
        recorded.set_attribute("retrieval.chunks", len(found.chunks))
        recorded.set_attribute("retrieval.reranked", found.reranked)
        return found


async def _retrieved(
    question: str, retriever: Retriever, limit: int, by: Retrieval, context: Context
) -> Found:
    if by == "dense":
        embedding = await _embed(question, context, retriever, by)
        found = await retriever.index.search(_NO_TERMS, embedding, limit * _DEPTH, retriever.fusion)
        return await _checked(_cut(found, found.chunks, limit), retriever)
    # An embedder takes its time; what needs no vector of the question is done meanwhile.
    async with together() as both:
        embedded = both.create_task(_embed(question, context, retriever, by))
        reading = both.create_task(_read(question, context, retriever, limit * _DEPTH))
    embedding, read = embedded.result(), reading.result()
    with span("search index"), SEARCH_TIMES.timed("index"):
        found = await retriever.index.search(
            read.terms, embedding, limit * _DEPTH, retriever.fusion
        )
    if by == "hybrid":
        SEARCHES.add(found.retrieval)
    ranked: Sequence[ScoredChunk] = headings.raised(read.spelt, found.chunks, retriever.language)
    ranked = preferring(context.page_url, ranked)
    if retriever.reranker and by == "hybrid" and ranked:
        alone = context.standalone or question
        with (
            span("rerank", {"gen_ai.request.model": retriever.reranker.name}, client=True),
            SEARCH_TIMES.timed("reranking"),
        ):
            ranked, was_reranked = await reranked(alone, ranked, retriever.reranker)
        found = replace(found, reranked=was_reranked)
    if read.named:
        # A book that was replaced between the two searches is not mixed with its former edition.
        same = read.besides.generation == found.generation
        ranked = naming.first(read.named, ranked, read.besides.chunks if same else ())
    return await _checked(_cut(found, ranked, limit), retriever)


async def _read(question: str, context: Context, retriever: Retriever, limit: int) -> _Read:
    spelt = await retriever.spelling.corrected(question) if retriever.spelling else question
    terms = query_terms(question, retriever.language)
    if spelt != question:
        terms = with_corrections(terms, query_terms(spelt, retriever.language))
    if context.besides:
        terms = with_context(terms, context.besides, retriever.language)
    named = naming.named_in(spelt, retriever.language)
    besides = await retriever.index.search(named.terms, None, limit) if named else _NOTHING
    return _Read(spelt, terms, named, besides)


async def _embed(
    question: str, context: Context, retriever: Retriever, by: Retrieval
) -> Embedding | None:
    embedder = retriever.embedder
    if embedder is None or by == "bm25":
        return None
    texts = [question, *(beside.text for beside in context.besides)]
    weights = [1.0, *(beside.weight for beside in context.besides)]
    try:
        with retriever.breaker.call(), SEARCH_TIMES.timed("embedding"):
            async with asyncio.timeout(retriever.embed_seconds):
                with embedding_span(embedder.name, embedder.dimensions):
                    vectors = await embedder.embed(texts)
    except (ModelUnavailable, TimeoutError) as error:
        log.warning("question_not_embedded", embedder=embedder.name, error=type(error).__name__)
        return None
    vector = tuple(vectors[0]) if len(vectors) == 1 else blended(vectors, weights)
    return Embedding(embedder.name, vector)


def _cut(found: Found, ranked: Iterable[ScoredChunk], limit: int) -> Found:
    return replace(found, chunks=tuple(islice(duplicates.distinct(_thinned(ranked)), limit)))


def _thinned(ranked: Iterable[ScoredChunk]) -> Iterator[ScoredChunk]:
    taken: Counter[tuple[str, str]] = Counter()
    for scored in ranked:
        section = (scored.chunk.document, scored.chunk.anchor)
        taken[section] += 1
        if taken[section] <= PER_SECTION:
            yield scored


async def _checked(found: Found, retriever: Retriever) -> Found:
    if not found.chunks and await retriever.index.count() == 0:
        raise BookMissing("No book has been ingested yet.")
    return found
