"""Whether a source says what is stated: by the terms, the figures and the "not" that both hold."""

import re
from functools import lru_cache

from api_service.documents import ScoredChunk
from api_service.embedders.bm25 import word_terms
from api_service.search_settings import DEFAULT_LANGUAGE, Language

SUPPORTED = 0.5
"""Of a statement's terms, those its source must hold. Chosen on sentences that people wrote from
passages, against the passages next to them: docs/decisions/0025."""

ALIKE = 0.7
"""Of the terms of a statement and a sentence together, those that both hold where they say the
same, or one denies what the other says. Chosen likewise."""

_SAYS_MUCH = 4  # terms; of fewer, a sentence about something else may have as many in common

_DENIES = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nothing|nobody|nowhere|hardly)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")

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
        self._text = scored.passage
        self._language: Language = language
        self._terms = _terms(text, language)
        self._figures = _figures(text)

    def supports(self, statement: str) -> bool:
        """Return whether it says so, as far as terms, figures and a denial tell.

        What holds no terms states nothing that could be wrong.
        """
        stated = word_terms(statement, self._language)
        shared = len(stated & self._terms)
        return shared >= SUPPORTED * len(stated) and not self.contradicts(statement)

    def contradicts(self, statement: str) -> bool:
        """Return whether it has a figure that the source has not, or denies what that says.

        A "not" that is left out, or put in, is noticed in English, in a statement that is otherwise
        in the words of one sentence.
        """
        return not _figures(statement) <= self._figures or self._denies(statement)

    def _denies(self, statement: str) -> bool:
        if self._language != "english":
            return False
        stated, denied = word_terms(statement, self._language), bool(_DENIES.search(statement))
        if len(stated) < _SAYS_MUCH or (not denied and not _DENIES.search(self._text)):
            return False
        alike = {
            is_denied
            for terms, is_denied in _sentences(self._text, self._language)
            if len(stated & terms) >= ALIKE * len(stated | terms)
        }
        return alike == {not denied}


def terms_told(scored: ScoredChunk, language: Language) -> frozenset[int]:
    """Return the terms of a source, its headings included."""
    return _terms(_told(scored), language)


def _told(scored: ScoredChunk) -> str:
    headings = " ".join((scored.chunk.title, *scored.chunk.heading_path))
    return f"{headings}\n{scored.passage}"


@lru_cache(maxsize=512)  # the passages of a book come up again and again
def _terms(text: str, language: Language) -> frozenset[int]:
    return word_terms(text, language)


@lru_cache(maxsize=512)  # as above
def _sentences(text: str, language: Language) -> tuple[tuple[frozenset[int], bool], ...]:
    """Return the terms of each sentence, and whether it denies something."""
    return tuple(
        (word_terms(each, language), bool(_DENIES.search(each)))
        for each in _SENTENCE_END.split(text)
    )


def _figures(text: str) -> set[str]:
    return {found.replace(",", "").rstrip(".") for found in _FIGURE.findall(text)}
