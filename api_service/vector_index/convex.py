"""Two scores of every candidate become one: a convex combination, the same in both forms.

Unlike the ranks that reciprocal rank fusion adds, scores say by how much one chunk is better than
the next. Scores of BM25 have no bound, and cosines of one question lie close together, so each is
measured by how far the candidates' scores of its kind spread: what a standard deviation of terms
counts, one of nearness counts too. Both scores are known for every candidate, also for one that
only the other ranking found.

Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023;
dividing by the deviation is its z-score, whose shift is the same for all and changes no order.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

DENSE_WEIGHT = 0.5
"""The part of nearness in a fused score; the terms have the rest. docs/decisions/0021."""

_LEAST_SPREAD = 0.05
"""Of the best score: what a few candidates differ by less than that is no difference."""

_Id = TypeVar("_Id")


def fuse(
    terms: Mapping[_Id, float], nearness: Mapping[_Id, float], limit: int
) -> list[tuple[_Id, float]]:
    """Return at most limit candidates with their fused scores, from 0 to 1, best first.

    A candidate that is best by terms and by nearness has 1.

    Args:
        terms: BM25 scores; candidates without a common term may be missing.
        nearness: Cosines; candidates without a comparable vector may be missing.
        limit: Most candidates returned.
    """
    candidates = list(dict.fromkeys([*terms, *nearness]))
    fused = dict.fromkeys(candidates, 0.0)
    most = 0.0
    for weight, scores in ((1 - DENSE_WEIGHT, terms), (DENSE_WEIGHT, nearness)):
        kind = [max(scores.get(id_, 0.0), 0.0) for id_ in candidates]
        best = max(kind, default=0.0)
        if best <= 0:
            continue
        scale = weight / max(_deviation(kind), _LEAST_SPREAD * best)
        most += best * scale
        for id_, score in zip(candidates, kind, strict=True):
            fused[id_] += score * scale
    ranked = sorted(fused.items(), key=lambda entry: -entry[1])[:limit]
    return [(id_, score / most if most else 0.0) for id_, score in ranked]


def _deviation(scores: Sequence[float]) -> float:
    mean = sum(scores) / len(scores)
    return math.sqrt(sum((score - mean) ** 2 for score in scores) / len(scores))
