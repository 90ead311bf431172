import pytest

from api_service.vector_index.convex import DENSE_WEIGHT, fuse


def test_each_score_counts_as_a_part_of_the_best_of_its_kind() -> None:
    fused = dict(fuse({"a": 20.0, "b": 5.0}, {"a": 0.4, "b": 0.8}, 5))
    assert fused == pytest.approx(
        {
            "a": 1 - DENSE_WEIGHT + DENSE_WEIGHT * 0.5,
            "b": (1 - DENSE_WEIGHT) * 0.25 + DENSE_WEIGHT,
        }
    )


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    assert [id_ for id_, _ in fuse({"a": 1.0, "b": 3.0, "c": 2.0}, {}, 2)] == ["b", "c"]


def test_what_points_the_other_way_counts_as_nothing() -> None:
    assert dict(fuse({}, {"a": 0.5, "b": -0.5}, 5)) == {"a": DENSE_WEIGHT, "b": 0.0}
    assert dict(fuse({}, {"b": -0.5}, 5)) == {"b": 0.0}
