"""Measures of a ranking against judgements, as trec_eval defines them."""

import math
from collections.abc import Mapping, Sequence


def ndcg(ranking: Sequence[str], relevance: Mapping[str, int], depth: int) -> float:
    """Return the normalised discounted cumulative gain of the first `depth`, from 0 to 1.

    Source: Järvelin and Kekäläinen, TOIS 2002; the gain is the judgement itself, as in trec_eval.
    """
    best = _dcg(sorted(relevance.values(), reverse=True)[:depth])
    return _dcg([relevance.get(id_, 0) for id_ in ranking[:depth]]) / best


def recall(ranking: Sequence[str], relevance: Mapping[str, int], depth: int) -> float:
    """Return which part of the relevant ones is among the first `depth`, from 0 to 1."""
    return sum(id_ in relevance for id_ in ranking[:depth]) / len(relevance)


def reciprocal_rank(ranking: Sequence[str], relevance: Mapping[str, int], depth: int) -> float:
    """Return 1 / rank of the first relevant one, or 0 when none is among the first `depth`."""
    return next(
        (1 / rank for rank, id_ in enumerate(ranking[:depth], start=1) if id_ in relevance), 0.0
    )


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))
