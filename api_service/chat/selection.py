"""A passage the reader has marked on a page: which of the book's it is, and that it comes first.

What is marked is sent by the reader's program. So it counts as a source only where the book holds
it; else it says what the question is about, and no more.
"""

from api_service.documents import Chunk
from api_service.embedders.bm25 import words
from api_service.retrieval.context import Beside
from api_service.token_counts import cut_to_tokens

SELECTION_TOKENS = 400
"""Longest passage that is read, in tokens of cl100k; of a longer one its beginning is."""

WEIGHT = 0.3
"""What a word of it counts in a search, where one of the question counts 1."""

HELD = 0.5
"""Share of the passage's runs of words from which a chunk holds it. A passage marked over two
chunks is held by the one that has most of it."""

_RUN = 3  # words


def marked(selected_text: str) -> str:
    """Return the passage as it is read."""
    return cut_to_tokens(selected_text.strip(), SELECTION_TOKENS).rstrip("\ufffd")


def besides(passage: str) -> tuple[Beside, ...]:
    """Return the passage as it is searched for besides the question."""
    return (Beside(passage, WEIGHT),) if passage else ()


def holds(passage: str, chunk: Chunk) -> bool:
    """Tell whether a chunk holds a passage, whatever marks stand between its words."""
    wanted = _runs(passage)
    return bool(wanted) and len(wanted & _runs(chunk.text)) >= HELD * len(wanted)


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    spoken = words(text.casefold())
    return frozenset(zip(*(spoken[start:] for start in range(_RUN)), strict=False))
