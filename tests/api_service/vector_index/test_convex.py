import statistics

import pytest

from api_service.vector_index.convex import DENSE_WEIGHT, fuse


def test_each_score_counts_by_how_far_its_kind_spreads() -> None:
    terms, nearness = {"a": 20.0, "b": 5.0, "c": 2.0}, {"a": 0.4, "b": 0.8, "c": 0.7}
    fused = dict(fuse(terms, nearness, 5))
    by_terms = (1 - DENSE_WEIGHT) / statistics.pstdev(terms.values())
    by_nearness = DENSE_WEIGHT / statistics.pstdev(nearness.values())
    most = 20.0 * by_terms + 0.8 * by_nearness
    assert fused == pytest.approx(
        {id_: (terms[id_] * by_terms + nearness[id_] * by_nearness) / most for id_ in terms}
    )


def test_what_is_best_in_both_has_one_and_nothing_has_more() -> None:
    fused = fuse({"a": 7.0, "b": 3.0}, {"a": 0.5, "b": 0.1, "c": 0.4}, 5)
    assert fused[0][0] == "a"
    assert fused[0][1] == pytest.approx(1.0)
    assert all(0 <= score < 1 for _, score in fused[1:])


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    assert [id_ for id_, _ in fuse({"a": 1.0, "b": 3.0, "c": 2.0}, {}, 2)] == ["b", "c"]


def test_scores_that_hardly_differ_do_not_decide() -> None:
    terms, nearness = {"a": 3.0, "b": 1.0}, {"a": 0.9, "b": 0.9001}
    assert [id_ for id_, _ in fuse(terms, nearness, 5)] == ["a", "b"]


def test_equal_scores_keep_the_order_they_come_in() -> None:
    assert [id_ for id_, _ in fuse({"b": 1.0, "a": 1.0}, {}, 5)] == ["b", "a"]


def test_what_points_the_other_way_counts_as_nothing() -> None:
    assert dict(fuse({}, {"a": 0.5, "b": -0.5}, 5)) == {"a": 1.0, "b": 0.0}
    assert dict(fuse({}, {"b": -0.5}, 5)) == {"b": 0.0}


def test_nothing_found_is_nothing_fused() -> None:
    assert fuse({}, {}, 5) == []
