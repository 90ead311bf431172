from benchmarks.soak import report
from benchmarks.soak.load import Failed, Load, Minute
from benchmarks.soak.verdict import Sample, Soak

MEMORY = [Sample(float(second), 100.0 if second <= 150 else 104.0) for second in range(0, 181, 2)]
SOAK = Soak(
    Load(
        {
            "sign_in": [Minute(120, 20.0, 90.0, 99.0)] + [Minute(120, 20.0, 30.0, 41.0)] * 2,
            "stream": [
                Minute(600, 9.0, 80.0, 95.0),
                Minute(600, 9.0, 10.0, 15.0),
                Minute(600, 9.0, 25.0, 60.0),
            ],
        },
        [Failed("2026-01-01T00:00:00Z", "stream", 0, 30000, "request timeout", False, "")],
        0,
    ),
    {"auth-service": MEMORY, "api-service": MEMORY},
    {"auth-service": 0.1, "api-service": 0.25},
)


def test_each_minute_tells_every_kind_and_every_service() -> None:
    head, _, first, *_, last = report.minutes(SOAK)
    assert head == (
        "| minute | sign-in p50 ms | p99 ms | stream p50 ms | p99 ms "
        "| auth-service MiB | api-service MiB |"
    )
    assert first == "| 0 | 20.0 | 90.0 | 9.0 | 80.0 | 100.0 | 100.0 |"
    assert last == "| 2 | 20.0 | 30.0 | 9.0 | 25.0 | 104.0 | 104.0 |"


def test_what_failed_and_slowed_down_is_told_by_kind() -> None:
    *_, sign_in, stream = report.requests(SOAK)
    assert sign_in == "| sign-in | 360 | 0 | 99 | 1.00 |"
    assert stream == "| stream | 1800 | 1 | 95 | 2.50 |"


def test_growth_is_told_by_service() -> None:
    *_, auth, api = report.processes(SOAK)
    assert auth == "| auth-service | 0.10 | 1.040 |"
    assert api == "| api-service | 0.25 | 1.040 |"


def test_what_was_missed_is_listed() -> None:
    assert report.verdict([]) == "Every bound was kept.\n"
    assert report.verdict(["One.", "Two."]) == "Missed:\n\n- One.\n- Two.\n"
