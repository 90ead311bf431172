from benchmarks.auth.load import GET_SESSION, Measured
from benchmarks.auth.report import Beside, Row, beside, throughput


def run(requests: int, cpu_seconds: float, p50: float = 1.0) -> Measured:
    return Measured(requests=requests, seconds=2, p50=p50, p99=9, cpu_seconds=cpu_seconds)


def test_ratios_above_one_say_that_ours_is_better() -> None:
    own = Row(GET_SESSION, 16, "ours", [run(1000, 0.5), run(3000, 1.5)])
    peer = Row(GET_SESSION, 16, "peer", [run(500, 1.0), run(500, 1.0)])
    lines = list(throughput([own, peer]))
    assert lines[2] == "| get-session | 16 | ours | 1000 | 1.00 | 9.00 | 0.500 |  |  |"
    assert lines[3] == "| get-session | 16 | peer | 250 | 1.00 | 9.00 | 2.000 | 4.00 | 4.00 |"


def test_a_row_is_compared_with_ours_of_the_same_request_and_connections() -> None:
    rows = [
        Row(GET_SESSION, connections, name, [run(requests, 1)])
        for connections, name, requests in ((1, "ours", 8), (1, "peer", 4), (16, "ours", 9))
    ]
    assert [line.split("|")[8].strip() for line in throughput(rows)][2:] == ["", "2.00", ""]


def test_waiting_beside_sign_ins_is_said_as_a_multiple_of_alone() -> None:
    row = Beside(GET_SESSION, "ours", 4, run(9, 1, p50=0.5), run(9, 1, p50=1.25))
    *_, line = beside([row])
    assert line == "| get-session | 4 | ours | 0.50 | 1.25 | 2.5 | 9.00 | 9.00 |"
