"""Passages that say the same, on two pages or in two versions of a book: the better one stays.

A section's heading is part of what it says: two short ones that differ by it are two.
"""

from collections.abc import Iterable, Iterator

from api_service.documents import Chunk, ScoredChunk
from api_service.embedders.bm25 import words

ALIKE = 0.9
"""Shared shingles, of both texts' together, from which two texts are one. Source: Broder, "On the
Resemblance and Containment of Documents", SEQUENCES 1997."""

_SHINGLE = 3  # words


def distinct(ranked: Iterable[ScoredChunk]) -> Iterator[ScoredChunk]:
    """Yield the chunks in their order, without those that say what one before them says."""
    taken: list[frozenset[tuple[str, ...]]] = []
    for scored in ranked:
        shingles = _shingles(scored.chunk)
        if not any(_resemble(shingles, other) for other in taken):
            taken.append(shingles)
            yield scored


def _shingles(chunk: Chunk) -> frozenset[tuple[str, ...]]:
    """Return every few words side by side; of fewer, all of them as one."""
    heading = chunk.heading_path[-1] if chunk.heading_path else ""
    spoken = words(f"{heading} {chunk.text}".casefold())
    runs = zip(*(spoken[start:] for start in range(_SHINGLE)), strict=False)
    return frozenset(runs) or frozenset([tuple(spoken)])


def _resemble(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if smaller < ALIKE * larger:  # cannot share so much
        return False
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)
