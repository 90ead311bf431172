"""Whether a source says what is stated: by the terms and the figures that both hold."""

import re

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
        headings = " ".join((scored.chunk.title, *scored.chunk.heading_path))
        text = f"{headings}\n{scored.passage}"
        self._language: Language = language
        self._terms = word_terms(text, language)
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


def _figures(text: str) -> set[str]:
    return {found.replace(",", "").rstrip(".") for found in _FIGURE.findall(text)}
