from collections.abc import Mapping, Sequence

import pytest

from benchmarks.failure import BenchmarkFailed
from benchmarks.soak.load import Failed, Load, Minute
from benchmarks.soak.verdict import Sample, Soak, missed, resident

STEADY = (100.0,) * 600


def minute(p99: float, count: int = 120) -> Minute:
    return Minute(count, p99 / 2, p99, p99 * 2)


def failure(status: int, *, retryable: bool = False) -> Failed:
    return Failed("2026-01-01T00:00:00Z", "stream", status, 12, "", retryable, "")


def soak(
    p99s: Sequence[float] = (900.0, 10.0, 10.0, 10.0),
    megabytes: Sequence[float] = STEADY,
    failed: Sequence[Failed] = (),
    dropped: int = 0,
) -> Soak:
    """Return a soak of so many minutes, with the memory of each second."""
    load = Load({"stream": [minute(p99) for p99 in p99s]}, failed, dropped)
    return Soak(load, {"api-service": samples(megabytes)}, {"api-service": 0.2})


def samples(megabytes: Sequence[float]) -> list[Sample]:
    return [Sample(float(second), each) for second, each in enumerate(megabytes)]


def test_a_steady_soak_misses_nothing_whatever_its_warm_up_took() -> None:
    assert list(missed(soak())) == []


@pytest.mark.parametrize(("p99", "said"), [(30.0, []), (30.1, ["The p99 of stream rose to 3.0"])])
def test_a_later_minute_may_take_three_times_what_the_first_took(
    p99: float, said: list[str]
) -> None:
    sentences = list(missed(soak((5.0, 10.0, p99, 12.0))))
    assert [sentence[:29] for sentence in sentences] == said


@pytest.mark.parametrize(
    ("end", "said"),
    [(105.0, []), (105.1, ["api-service grew to 1.051 times its memory at minute two."])],
)
def test_memory_at_the_end_may_be_a_twentieth_above_that_at_minute_two(
    end: float, said: list[str]
) -> None:
    megabytes = [*[50.0] * 100, *[100.0] * 400, *[end] * 100]
    assert list(missed(soak(megabytes=megabytes))) == said


def test_a_first_minute_in_which_nothing_was_reached_is_no_measure() -> None:
    assert list(missed(soak((0.0, 0.0, 0.0)))) == [
        "The p99 of stream rose to inf times the first minute's."
    ]


def test_what_was_occupied_for_a_moment_is_not_what_is_occupied() -> None:
    megabytes = list(STEADY)
    megabytes[-1] = 500.0
    assert list(missed(soak(megabytes=megabytes))) == []
    assert resident(samples(megabytes), 599.0) == 100.0


def test_memory_that_was_not_measured_is_not_made_up() -> None:
    with pytest.raises(BenchmarkFailed, match="around second 120"):
        resident(samples(STEADY[:60]), 120.0)


def test_every_failed_request_counts_by_kind_and_status() -> None:
    failed = [failure(503), failure(503), failure(200, retryable=True)]
    assert list(missed(soak(failed=failed))) == [
        "2 of stream failed with status 503.",
        "1 of stream failed with status 200.",
    ]


def test_requests_that_were_not_begun_count() -> None:
    assert list(missed(soak(dropped=3))) == ["3 requests were not begun: too many were under way."]


def test_a_minute_in_which_nothing_was_asked_is_no_quick_minute() -> None:
    minutes: Mapping[str, Sequence[Minute]] = {"stream": [minute(9), minute(9), Minute(0, 0, 0, 0)]}
    silent = Soak(Load(minutes, [], 0), {}, {})
    assert list(missed(silent)) == ["In some minute there was no stream."]
