"""Passages that say the same, on two pages or in two versions of a book: the better one stays.

A section's heading is part of what it says: two short ones that differ by it are two.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from api_service.documents import ScoredChunk
from api_service.embedders.bm25 import words

ALIKE = 0.9
"""Shared shingles, of both texts' together, from which two texts are one. Source: Broder, "On the
Resemblance and Containment of Documents", SEQUENCES 1997."""

_SHINGLE = 3  # words


def distinct(ranked: Iterable[ScoredChunk]) -> Iterator[ScoredChunk]:
    """Yield the chunks in their order, without those that say what one before them says."""
    taken: list[frozenset[int]] = []
    for scored in ranked:
        chunk = scored.chunk
        shingles = _shingles(chunk.heading_path[-1] if chunk.heading_path else "", chunk.text)
        if not any(_resemble(shingles, other) for other in taken):
            taken.append(shingles)
            yield scored


@lru_cache(maxsize=512)  # the passages of a book come up again and again
def _shingles(heading: str, text: str) -> frozenset[int]:
    """Return the hashes of every few words side by side; of fewer, of all of them as one."""
    spoken = words(f"{heading} {text}".casefold())
    runs = zip(*(spoken[start:] for start in range(_SHINGLE)), strict=False)
    return frozenset(map(hash, runs)) or frozenset([hash(tuple(spoken))])


def _resemble(one: frozenset[int], other: frozenset[int]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if smaller < ALIKE * larger:  # cannot share so much
        return False
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)
