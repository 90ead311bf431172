"""Term weights for BM25, made by Qdrant's own implementation: the sparse half of every search.

A chunk's vector holds, for each term, the part of BM25 that depends on the chunk alone. The inverse
document frequency is Qdrant's part: it knows all chunks, and multiplies when it searches. Both
forms of the index get their vectors here, so the same text has the same term ids in each.
"""

import itertools
import re
import zlib
from collections import Counter
from functools import cache, lru_cache

import qdrant_edge

from api_service.vector_index import SparseVector

_K = 1.2
_B = 0.75
# Terms in a chunk, on average: 77 and 72 in the two books counted. A constant, not the mean of the
# book at hand, which would move with every edited page, and the weights of every chunk with it.
_AVERAGE_LENGTH = 75.0
_LANGUAGE = "english"

# What only looks like several words: ROS_DOMAIN_ID, torch.compile, std::vector, --flag, IL-2.
_IDENTIFIER = re.compile(r"(?<![\w-])--?[^\W\d]\w*(?:-\w+)*|[^\W_]+(?:(?:[._:/-]|::)+[^\W_]+)+")
_SEPARATORS = re.compile(r"[\W_]+")
_MARK = "identifier"

_WORD = re.compile(r"[^\W_]+")

PHRASE_WEIGHT = 0.3
"""What two words side by side in the question count beside each of them. Chosen on three question
sets together: docs/decisions/0016."""

VERSION = f"bm25:{_LANGUAGE}:folded:identifiers:phrases:{_K}:{_B}:{_AVERAGE_LENGTH}"
"""Names everything the weights of a text depend on; part of each chunk's fingerprint."""


def document_terms(text: str) -> SparseVector:
    """Return the weighted terms of a text to be stored: folded, stemmed, without stop words.

    An identifier counts by its parts, and as a whole besides: who asks for `ROS_DOMAIN_ID` finds
    that first, and not a page that speaks of domains.
    """
    terms = _model().embed_document(_with_identifiers(text))
    weights = dict(zip(terms.indices, terms.values, strict=True))
    phrases = Counter(_phrases(text))
    length = 1 - _B + _B * phrases.total() / _AVERAGE_LENGTH
    for phrase, times in phrases.items():
        weights[phrase] = times * (_K + 1) / (times + _K * length)
    return SparseVector(tuple(weights), tuple(weights.values()))


def query_terms(text: str) -> SparseVector:
    """Return the terms of a question; none when all are stop words.

    A term has weight 1, and two side by side have PHRASE_WEIGHT besides.
    """
    terms = _model().embed_query(_with_identifiers(text))
    weights = dict.fromkeys(_phrases(text), PHRASE_WEIGHT) | dict.fromkeys(terms.indices, 1.0)
    return SparseVector(tuple(weights), tuple(weights.values()))


def _phrases(text: str) -> list[int]:
    """Return an id for every two neighbouring words, stop words left out, as stemmed.

    Source: Metzler and Croft, "A Markov Random Field Model for Term Dependencies", SIGIR 2005.
    """
    terms = [term for word in _WORD.findall(text) if (term := _term(word)) is not None]
    return [zlib.crc32(f"{one} {next_}".encode()) for one, next_ in itertools.pairwise(terms)]


@lru_cache(maxsize=100_000)
def _term(word: str) -> int | None:
    """Return the id of a word's stem; None for a stop word."""
    terms = _model().embed_query(word).indices
    return terms[0] if terms else None


def word_terms(text: str) -> frozenset[int]:
    """Return the ids of a text's words alone, as stemmed, without stop words."""
    return frozenset(_model().embed_query(text).indices)


def identifiers(text: str) -> tuple[str, ...]:
    """Return the identifiers in a text, folded and without separators: rosdomainid, flag."""
    return tuple(_SEPARATORS.sub("", found).casefold() for found in _IDENTIFIER.findall(text))


def _with_identifiers(text: str) -> str:
    """Append each identifier as one word, which the tokenizer does not take apart."""
    return " ".join([text, *(_MARK + found for found in identifiers(text))])


@cache
def _model() -> qdrant_edge.Bm25:
    return qdrant_edge.Bm25(
        qdrant_edge.Bm25Config(
            k=_K, b=_B, avg_len=_AVERAGE_LENGTH, language=_LANGUAGE, ascii_folding=True
        )
    )
