"""Whether a source says what is stated: by the terms and the figures that both hold."""

import re
from functools import lru_cache

from api_service.documents import ScoredChunk
from api_service.embedders.bm25 import word_terms
from api_service.search_settings import DEFAULT_LANGUAGE, Language

SUPPORTED = 0.5
"""Of a statement's terms, those its source must hold. Chosen on sentences that people wrote from
passages, against the passages next to them: docs/decisions/0025."""

# Figures that a slip of the model's would change: 483, 1,000, 3.5; one digit is often spelt out.
_FIGURE = re.compile(r"\d[\d,.]*\d")


class Source:
    """A source to compare statements with.

    Args:
        scored: As the model has read it.
        language: Whose stems tell which words are the same.
    """

    def __init__(self, scored: ScoredChunk, language: Language = DEFAULT_LANGUAGE) -> None:
        text = _told(scored)
        self._language: Language = language
        self._terms = _terms(text, language)
        self._figures = _figures(text)

    def supports(self, statement: str) -> bool:
        """Return whether it says so, as far as terms tell: a "not" left out is not noticed.

        What holds no terms states nothing that could be wrong.
        """
        stated = word_terms(statement, self._language)
        shared = len(stated & self._terms)
        return shared >= SUPPORTED * len(stated) and not self.contradicts(statement)

    def contradicts(self, statement: str) -> bool:
        """Return whether the statement has a figure that the source has not."""
        return not _figures(statement) <= self._figures


def terms_told(scored: ScoredChunk, language: Language) -> frozenset[int]:
    """Return the terms of a source, its headings included."""
    return _terms(_told(scored), language)


def _told(scored: ScoredChunk) -> str:
    headings = " ".join((scored.chunk.title, *scored.chunk.heading_path))
    return f"{headings}\n{scored.passage}"


@lru_cache(maxsize=512)  # the passages of a book come up again and again
def _terms(text: str, language: Language) -> frozenset[int]:
    return word_terms(text, language)


def _figures(text: str) -> set[str]:
    return {found.replace(",", "").rstrip(".") for found in _FIGURE.findall(text)}
