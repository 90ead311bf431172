"""Two scores of every candidate become one: a convex combination, the same in both forms.

Unlike the ranks that reciprocal rank fusion adds, scores say by how much one chunk is better than
the next. Each is divided by the best of its kind, since those of BM25 have no bound. Both scores
are known for every candidate, also for one that only the other ranking found.

Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023.
"""

from collections.abc import Mapping
from typing import TypeVar

DENSE_WEIGHT = 0.6
"""The part of nearness in a fused score; the terms have the rest. Chosen with PHRASE_WEIGHT."""

_Id = TypeVar("_Id")


def fuse(
    terms: Mapping[_Id, float], nearness: Mapping[_Id, float], limit: int
) -> list[tuple[_Id, float]]:
    """Return at most limit candidates with their fused scores, from 0 to 1, best first.

    Args:
        terms: BM25 scores; candidates without a common term may be missing.
        nearness: Cosines; candidates without a comparable vector may be missing.
        limit: Most candidates returned.
    """
    parts = ((1 - DENSE_WEIGHT, terms), (DENSE_WEIGHT, nearness))
    fused: dict[_Id, float] = {}
    for weight, scores in parts:
        best = max(scores.values(), default=0.0)
        for id_, score in scores.items():
            part = max(score, 0.0) / best if best > 0 else 0.0
            fused[id_] = fused.get(id_, 0.0) + weight * part
    return sorted(fused.items(), key=lambda entry: -entry[1])[:limit]
