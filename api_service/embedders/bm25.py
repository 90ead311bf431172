"""Term weights for BM25, made by Qdrant's own implementation: the sparse half of every search.

A chunk's vector holds, for each term, the part of BM25 that depends on the chunk alone. The inverse
document frequency is Qdrant's part: it knows all chunks, and multiplies when it searches. Both
forms of the index get their vectors here, so the same text has the same term ids in each.
"""

import re
from functools import cache

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

VERSION = f"bm25:{_LANGUAGE}:folded:identifiers:{_K}:{_B}:{_AVERAGE_LENGTH}"
"""Names everything the weights of a text depend on; part of each chunk's fingerprint."""


def document_terms(text: str) -> SparseVector:
    """Return the weighted terms of a text to be stored: folded, stemmed, without stop words.

    An identifier counts by its parts, and as a whole besides: who asks for `ROS_DOMAIN_ID` finds
    that first, and not a page that speaks of domains.
    """
    return _plain(_model().embed_document(_with_identifiers(text)))


def query_terms(text: str) -> SparseVector:
    """Return the terms of a question, each of weight 1; none when all are stop words."""
    return _plain(_model().embed_query(_with_identifiers(text)))


def _with_identifiers(text: str) -> str:
    """Append each identifier as one word, which the tokenizer does not take apart."""
    whole = [_MARK + _SEPARATORS.sub("", found) for found in _IDENTIFIER.findall(text)]
    return " ".join([text, *whole])


@cache
def _model() -> qdrant_edge.Bm25:
    return qdrant_edge.Bm25(
        qdrant_edge.Bm25Config(
            k=_K, b=_B, avg_len=_AVERAGE_LENGTH, language=_LANGUAGE, ascii_folding=True
        )
    )


def _plain(vector: qdrant_edge.SparseVector) -> SparseVector:
    return SparseVector(tuple(vector.indices), tuple(vector.values))
