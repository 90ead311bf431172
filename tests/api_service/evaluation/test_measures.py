import math

import pytest

from api_service.evaluation.measures import ndcg, recall, reciprocal_rank

JUDGED = {"a": 2, "b": 1}


def test_the_ideal_ranking_gains_all() -> None:
    assert ndcg(["a", "b", "x"], JUDGED, 10) == pytest.approx(1)
    assert ndcg(["a"], JUDGED, 1) == pytest.approx(1)


def test_what_stands_lower_gains_less() -> None:
    ideal = 2 + 1 / math.log2(3)
    assert ndcg(["b", "x", "a"], JUDGED, 10) == pytest.approx((1 + 2 / 2) / ideal)
    assert ndcg(["x", "y", "a"], JUDGED, 2) == 0


def test_recall_counts_what_was_found_in_time() -> None:
    assert recall(["x", "a", "b"], JUDGED, 2) == 0.5
    assert recall([], JUDGED, 10) == 0


def test_the_first_relevant_one_counts_for_the_reciprocal_rank() -> None:
    assert reciprocal_rank(["x", "b", "a"], JUDGED, 10) == 0.5
    assert reciprocal_rank(["x", "b"], JUDGED, 1) == 0
