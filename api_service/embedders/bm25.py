"""Term weights for BM25, made by Qdrant's own implementation: the sparse half of every search.

A chunk's vector holds, for each term, the part of BM25 that depends on the chunk alone. The inverse
document frequency is Qdrant's part: it knows all chunks, and multiplies when it searches. Both
forms of the index get their vectors here, so the same text has the same term ids in each.

Stems and stop words are those of the book's language. Chinese, Japanese and Korean, in a book of
whatever language, are read two characters at a time, since they do not part their words by spaces.
"""

import itertools
import re
import zlib
from collections import Counter
from functools import cache, lru_cache

import qdrant_edge

from api_service.search_settings import DEFAULT_LANGUAGE, Language
from api_service.vector_index import SparseVector

_K = 1.2
_B = 0.75
# Terms in a chunk, on average: 77 and 72 in the two books counted. A constant, not the mean of the
# book at hand, which would move with every edited page, and the weights of every chunk with it.
_AVERAGE_LENGTH = 75.0

IDENTIFIER = re.compile(r"(?<![\w-])--?[^\W\d]\w*(?:-\w+)*|(?<![^\W_])[^\W_]+(?:[._:/-]+[^\W_]+)+")
"""What only looks like several words: ROS_DOMAIN_ID, torch.compile, std::vector, --flag, IL-2.

It goes over a text once, whatever is in it: there is one way to read a run of separators, and what
is no identifier from the beginning of a word on is not tried from its middle."""

_SEPARATORS = re.compile(r"[\W_]+")
_MARK = "identifier"

_WORD = re.compile(r"[^\W_]+")

_KEPT_LENGTH = 32
"""Of the longest word that is remembered. What is longer no book says twice, and a reader can send
it by the thousand characters."""

# Kana, the Chinese characters, and Korean syllables.
_UNPARTED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")

PHRASE_WEIGHT = 0.3
"""What two words side by side in the question count beside each of them. Chosen on three question
sets together: docs/decisions/0016."""


def version(language: Language = DEFAULT_LANGUAGE) -> str:
    """Name everything the weights of a text depend on; part of each chunk's fingerprint."""
    return f"bm25:{language}:folded:bigrams:identifiers:phrases:{_K}:{_B}:{_AVERAGE_LENGTH}"


def document_terms(text: str, language: Language = DEFAULT_LANGUAGE) -> SparseVector:
    """Return the weighted terms of a text to be stored: folded, stemmed, without stop words.

    An identifier counts by its parts, and as a whole besides: who asks for `ROS_DOMAIN_ID` finds
    that first, and not a page that speaks of domains.
    """
    parted = _parted(text)
    terms = _model(language).embed_document(_with_identifiers(parted, text))
    weights = dict(zip(terms.indices, terms.values, strict=True))
    phrases = Counter(_phrases(parted, language))
    length = 1 - _B + _B * phrases.total() / _AVERAGE_LENGTH
    for phrase, times in phrases.items():
        weights[phrase] = times * (_K + 1) / (times + _K * length)
    return SparseVector(tuple(weights), tuple(weights.values()))


def query_terms(text: str, language: Language = DEFAULT_LANGUAGE) -> SparseVector:
    """Return the terms of a question; none when all are stop words.

    A term has weight 1, and two side by side have PHRASE_WEIGHT besides.
    """
    parted = _parted(text)
    terms = _model(language).embed_query(_with_identifiers(parted, text))
    weights = dict.fromkeys(_phrases(parted, language), PHRASE_WEIGHT)
    weights |= dict.fromkeys(terms.indices, 1.0)
    return SparseVector(tuple(weights), tuple(weights.values()))


def word_terms(text: str, language: Language = DEFAULT_LANGUAGE) -> frozenset[int]:
    """Return the ids of a text's words alone, as stemmed, without stop words."""
    return frozenset(_model(language).embed_query(_parted(text)).indices)


def term(word: str, language: Language = DEFAULT_LANGUAGE) -> int | None:
    """Return the id of a word's stem; None for a stop word."""
    return _term(word, language) if len(word) > _KEPT_LENGTH else _kept_term(word, language)


def is_stop_word(word: str, language: Language) -> bool:
    """Tell whether a language has a word everywhere, so that nobody looks for it."""
    return len(word) <= _KEPT_LENGTH and _is_kept_stop_word(word, language)


@lru_cache(maxsize=8192)  # apart: readers' words in every language would fill the other
def _is_kept_stop_word(word: str, language: Language) -> bool:
    return _term(word, language) is None


@lru_cache(maxsize=100_000)
def _kept_term(word: str, language: Language) -> int | None:
    return _term(word, language)


def _term(word: str, language: Language) -> int | None:
    terms = _model(language).embed_query(word).indices
    return terms[0] if terms else None


def words(text: str) -> list[str]:
    """Return the words of a text in their order, as the index takes them apart."""
    return _WORD.findall(_parted(text))


def folded(identifier: str) -> str:
    """Return an identifier in lower case and without separators: rosdomainid, flag."""
    return _SEPARATORS.sub("", identifier).casefold()


def _phrases(parted: str, language: Language) -> list[int]:
    """Return an id for every two neighbouring words, stop words left out, as stemmed.

    Source: Metzler and Croft, "A Markov Random Field Model for Term Dependencies", SIGIR 2005.
    """
    stems = [stem for word in _WORD.findall(parted) if (stem := term(word, language)) is not None]
    return [zlib.crc32(f"{one} {next_}".encode()) for one, next_ in itertools.pairwise(stems)]


def _with_identifiers(parted: str, text: str) -> str:
    """Append each identifier as one word, which the tokenizer does not take apart."""
    return " ".join([parted, *(_MARK + folded(found) for found in IDENTIFIER.findall(text))])


def _parted(text: str) -> str:
    """Put overlapping pairs of characters in the place of words that nothing parts.

    Source: Nie, Gao, Zhang and Zhou, "On the Use of Words and N-grams for Chinese Information
    Retrieval", IRAL 2000.
    """
    return text if text.isascii() else _UNPARTED.sub(_pairs, text)


def _pairs(run: re.Match[str]) -> str:
    characters = run[0]
    if len(characters) == 1:
        return f" {characters} "
    return f" {' '.join(map(''.join, itertools.pairwise(characters)))} "


@cache
def _model(language: Language) -> qdrant_edge.Bm25:
    if language == "none":
        return qdrant_edge.Bm25(
            qdrant_edge.Bm25Config(
                k=_K,
                b=_B,
                avg_len=_AVERAGE_LENGTH,
                ascii_folding=True,
                stemmer=qdrant_edge.DisabledStemmer(),
                stopwords=qdrant_edge.StopwordsSet(),
            )
        )
    return qdrant_edge.Bm25(
        qdrant_edge.Bm25Config(
            k=_K, b=_B, avg_len=_AVERAGE_LENGTH, language=language, ascii_folding=True
        )
    )
