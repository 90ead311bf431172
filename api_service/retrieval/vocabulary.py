"""The words of a book: which are rare, and which one somebody who wrote another may have meant."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from api_service.embedders.bm25 import term, word_terms
from api_service.search_settings import Language

# Words that are written with letters and not with a handful of them: 3d, x1 and id are left alone.
_WORD = re.compile(r"[^\W_]+")
_SHORTEST, _LONGEST = 4, 40
_TWO_SLIPS = 8
"""Length from which two slips are forgiven; one is in a shorter word."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a book.

    Attributes:
        counts: How often each word stands in it, in lower case, by the first letter.
        holding: In how many chunks each term stands, by its id.
        chunks: How many chunks there are.
        language: Whose stems the terms are.
    """

    counts: Mapping[str, Mapping[str, int]]
    holding: Mapping[int, int]
    chunks: int
    language: Language

    def rarity(self, term: int) -> float:
        """Return a term's inverse document frequency, as BM25 has it; above 0.

        One that the book does not have is as rare as one in a single chunk.
        """
        holding = self.holding.get(term, 1)
        return math.log(1 + (self.chunks - holding + 0.5) / (holding + 0.5))

    def corrected(self, text: str) -> str:
        """Return a text with each word that the book does not have put as the book writes it.

        That is the book's word of the same first letter that the fewest slips lead to, and of
        those the most frequent; a letter too many, too few or another one is a slip, and so are
        two in the wrong order. A word that none is near to stays.
        """
        return _WORD.sub(lambda word: self._meant(word[0]), text)

    def _meant(self, written: str) -> str:
        word = written.casefold()
        if not (_SHORTEST <= len(word) <= _LONGEST and word.isalpha()):
            return written
        stem = term(word, self.language)
        if stem is None or stem in self.holding:
            return written
        slips = 2 if len(word) >= _TWO_SLIPS else 1
        known = self.counts.get(word[0], {})
        near = process.extract(
            word, list(known), scorer=OSA.distance, score_cutoff=slips, limit=None
        )
        return min(near, key=lambda one: (one[1], -known[one[0]], one[0]))[0] if near else written


class VocabularyBuilder:
    """Counts the words of texts that come one by one.

    Args:
        language: The book's.
    """

    def __init__(self, language: Language) -> None:
        self._language: Language = language
        self._counts: Counter[str] = Counter()
        self._holding: Counter[int] = Counter()
        self._chunks = 0

    def read(self, texts: Sequence[str]) -> None:
        """Count the words of some chunks."""
        for text in texts:
            self._counts.update(_WORD.findall(text.casefold()))
            self._holding.update(word_terms(text, self._language))
        self._chunks += len(texts)

    def built(self) -> Vocabulary:
        """Return the vocabulary of all texts read."""
        counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for word, count in self._counts.items():
            if _SHORTEST - 1 <= len(word) <= _LONGEST and term(word, self._language) is not None:
                counts[word[0]][word] = count
        return Vocabulary(counts, dict(self._holding), self._chunks, self._language)
