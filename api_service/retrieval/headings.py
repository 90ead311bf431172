"""Chunks whose headings say what the question says come before those whose text does.

The overlap of both is Dice's coefficient, squared, so that a heading of the question's own words
counts in full, and one that shares a word of many hardly at all.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from api_service.documents import Chunk, ScoredChunk
from api_service.embedders.bm25 import word_terms
from api_service.search_settings import Language

HEADING_WEIGHT = 0.5
"""What a heading of the question's own words adds, as a part of the best score. Chosen on three
question sets, which it does not change, and a book's own headings: docs/decisions/0021."""


def raised(question: str, ranked: Sequence[ScoredChunk], language: Language) -> list[ScoredChunk]:
    """Return the chunks best first, with what their headings say added to their scores."""
    asked = word_terms(question, language)
    if not asked or not ranked:
        return list(ranked)
    best = max(scored.score for scored in ranked)
    scores = (
        replace(scored, score=scored.score + HEADING_WEIGHT * best * overlap)
        if (overlap := _overlap(asked, scored.chunk, language))
        else scored
        for scored in ranked
    )
    return sorted(scores, key=lambda scored: -scored.score)


def _overlap(asked: frozenset[int], chunk: Chunk, language: Language) -> float:
    """Return how much the section's heading, or the title with it, is the question; 0 to 1."""
    if not chunk.heading_path:
        return 0.0
    heading = _terms(chunk.heading_path[-1], language)
    title = _terms(chunk.title, language)
    return max(_alike(asked, heading), _alike(asked, heading | title)) ** 2


@lru_cache(maxsize=4096)  # a book has few headings, and each question meets two dozen of them
def _terms(heading: str, language: Language) -> frozenset[int]:
    return word_terms(heading, language)


def _alike(one: frozenset[int], other: frozenset[int]) -> float:
    """Return Dice's coefficient, 0 to 1."""
    total = len(one) + len(other)
    return 2 * len(one & other) / total if total else 0.0
