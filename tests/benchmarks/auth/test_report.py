from benchmarks.auth.load import GET_SESSION, Measured
from benchmarks.auth.report import (
    Beside,
    Comparison,
    Figures,
    beside,
    check,
    comparisons,
    distances,
    refusals,
)
from benchmarks.auth.revocations import Checked


def run(requests: int, cpu_seconds: float, p50: float = 1.0) -> Measured:
    return Measured(requests=requests, seconds=2, p50=p50, p99=9, cpu_seconds=cpu_seconds)


def figures(requests: int, cpu_seconds: float) -> Figures:
    return Figures([run(requests, cpu_seconds), run(3 * requests, 3 * cpu_seconds)])


def test_ratios_above_one_say_that_ours_is_better() -> None:
    row = Comparison(GET_SESSION, "as set", 16, figures(1000, 0.5), figures(250, 0.5))
    *_, line = comparisons([row])
    assert line == (
        "| get-session | as set | 16 | 1000 | 250 | 4.00 | 0.500 | 2.000 | 4.00 "
        "| 1.00 | 1.00 | 9.00 | 9.00 |"
    )


def test_every_line_of_a_table_has_as_many_cells_as_its_head() -> None:
    alone = Comparison(GET_SESSION, "", 1, figures(8, 1))
    both = Comparison(GET_SESSION, "", 1, figures(8, 1), figures(9, 1))
    for table in (comparisons([alone, both]), distances([both])):
        assert len({line.count("|") for line in table}) == 1


def test_waiting_beside_sign_ins_is_said_as_a_multiple_of_alone() -> None:
    row = Beside(GET_SESSION, "ours", 4, run(9, 1, p50=0.5), run(9, 1, p50=1.25))
    *_, line = beside([row])
    assert line == "| get-session | 4 | ours | 0.50 | 1.25 | 2.5 | 9.00 | 9.00 |"


def test_the_time_to_a_refusal_is_told_with_its_worst() -> None:
    *_, line = refusals({"sign-out": [0.1, 0.3, 0.9]})
    assert line == "| sign-out | 3 | 0.30 | 0.90 |"


def test_the_check_is_told_in_microseconds() -> None:
    said = check(Checked(entries=100, check=0.314, verify=42.4))
    assert said.startswith("A request pays 0.31 µs for the look, with 100 entries known;")
    assert said.endswith("takes 42 µs.")
