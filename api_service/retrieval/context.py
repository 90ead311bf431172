"""What a question is read with: what was asked before it, a passage it is about, an open page.

The words of these are searched for besides the question's own, and count less. So a follow-up finds
what its conversation is about, and a question that begins another subject finds that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from api_service.documents import ScoredChunk
from api_service.embedders.bm25 import query_terms
from api_service.search_settings import Language
from api_service.vector_index import SparseVector

PAGE_WEIGHT = 0.25
"""What standing on the open page adds, as a part of the best score: enough among chunks that fit
about as well, too little to put before the book what merely stands there."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A text read beside a question.

    Attributes:
        text: As somebody wrote it.
        weight: What a word of it counts, where one of the question's counts 1.
    """

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Context:
    """What a question is read with.

    Attributes:
        besides: What is searched for besides.
        page_url: The page that is open; "" if none is, or it is not known.
        standalone: The question as it reads without any of this, for a reranker; "" where it does.
    """

    besides: tuple[Beside, ...] = ()
    page_url: str = ""
    standalone: str = ""


ALONE = Context()
"""Nothing but the question."""


def with_context(
    terms: SparseVector, besides: Iterable[Beside], language: Language
) -> SparseVector:
    """Return the terms of a question and those read beside it, each with its highest weight."""
    weights: dict[int, float] = {}
    for beside in besides:
        more = query_terms(beside.text, language)
        for term, value in zip(more.indices, more.values, strict=True):
            weights[term] = max(weights.get(term, 0.0), value * beside.weight)
    for term, value in zip(terms.indices, terms.values, strict=True):
        weights[term] = max(weights.get(term, 0.0), value)
    return SparseVector(tuple(weights), tuple(weights.values()))


def blended(vectors: Sequence[Sequence[float]], weights: Sequence[float]) -> tuple[float, ...]:
    """Return the weighted sum of vectors; shapes (n, dimensions) and (n,) give (dimensions,).

    Its length does not matter: nearness is the angle.
    """
    return tuple(
        sum(weight * value for weight, value in zip(weights, values, strict=True))
        for values in zip(*vectors, strict=True)
    )


def preferring(page_url: str, ranked: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Return the chunks best first, with PAGE_WEIGHT added to those of the page.

    Addresses compare by their paths: the same book is read under several hosts.
    """
    page = _path(page_url)
    if not page or not ranked:
        return list(ranked)
    best = max(scored.score for scored in ranked)
    scores = (
        replace(scored, score=scored.score + PAGE_WEIGHT * best)
        if _path(scored.chunk.url) == page
        else scored
        for scored in ranked
    )
    return sorted(scores, key=lambda scored: -scored.score)


def _path(url: str) -> str:
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:  # a host that is none
        return ""
    return path.removesuffix("/").removesuffix("/index.html").removesuffix(".html")
