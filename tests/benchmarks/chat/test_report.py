from collections.abc import Iterable

from benchmarks.chat import report
from benchmarks.chat.answers import Answers, Compared
from benchmarks.chat.first_words import FirstWords
from benchmarks.chat.streams import Streams


def row(gaps_ms: list[float], failed: int = 0, rate: float = 1000.0) -> Streams:
    return Streams(20, 20, failed, gaps_ms, rate, cpu=0.5, memory_mb=4.0)


def test_what_ours_takes_above_bare_is_said_at_the_median_and_among_the_slowest() -> None:
    bare = [350.0 + number / 10 for number in range(100)]
    *_, line = report.first_words(FirstWords([time + 3 for time in bare], bare))
    assert line == "| ours above bare | | 3.0 | 3.0 |"


def test_jitter_is_how_far_a_gap_is_from_the_pace_either_way() -> None:
    assert row([20.0, 15.0, 27.5]).jitter_ms == [0.0, 5.0, 7.5]
    *_, line = report.streams([row([20.0, 15.0, 25.0])])
    assert line == "| 20 | 20 | 0 | 1000 | 1000 | 5.0 | 5.0 | 5.0 | 0.50 | 0.20 |"


def test_a_rate_counts_while_every_stream_arrives_evenly() -> None:
    even, uneven, broken = row([20.0] * 9, rate=900), row([20.0, 99.0], rate=2000), row([20.0], 1)
    assert [report.is_sustained(each) for each in (even, uneven)] == [True, False]
    assert "900 tokens a second" in report.sustained([even, uneven])
    assert not report.is_sustained(broken)


def test_the_ratio_is_ours_to_bares_answers_a_second() -> None:
    compared = Compared(100, Answers(90, 2.0, 0.9), Answers(60, 2.0, 1.2))
    *_, line = report.answers([compared])
    assert line == "| 100 | 45.0 | 30.0 | 1.50 | 10.00 | 20.00 | 150 |"


def test_every_line_of_a_table_has_as_many_cells_as_its_head() -> None:
    answers = Compared(100, Answers(90, 2.0, 0.9), Answers(60, 2.0, 1.2))
    tables: list[Iterable[str]] = [
        report.first_words(FirstWords([1.0, 2.0], [1.0, 2.0])),
        report.streams([row([20.0, 21.0])]),
        report.departures([("/v1/chat", [0.1, 0.2])]),
        report.answers([answers]),
    ]
    for table in tables:
        assert len({line.count("|") for line in table}) == 1
