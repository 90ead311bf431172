import subprocess
import sys
from pathlib import Path

from prometheus_client import generate_latest

from service_kit.metrics import MOST_SERIES, Counter, Gauge, Histogram, Recorder, measured, recorder
from tests.service_kit.metrics.reading import Samples, parsed, value

TRIES = Counter("tries_total", "Tries.", {"result": ("ok", "wrong")})
PLACES = Gauge("places", "Places.")
TIMES = Histogram("times_seconds", "Times.", {"stage": ("first", "last")}, bounds=(0.1, 1.0))
ROUTES = Counter("routes_total", "Routes.", {"route": ()})

CHECKOUT = Path(__file__).parents[3]
IMPORTED = """
import sys, auth_service.app, api_service.app, service_kit.serve
print("prometheus_client" in sys.modules)
"""


def told(recording: Recorder) -> Samples:
    return parsed(generate_latest(recording.registry).decode())


def test_what_has_not_happened_yet_reads_as_0() -> None:
    with measured((TRIES, PLACES, TIMES, ROUTES)) as recording:
        samples = told(recording)

    assert value(samples, "tries_total", result="ok") == 0
    assert value(samples, "tries_total", result="wrong") == 0
    assert value(samples, "times_seconds_count", stage="last") == 0
    assert not any(name == "routes_total" for name, _ in samples)


def test_what_happens_is_counted_under_its_labels() -> None:
    with measured((TRIES,)) as recording:
        TRIES.add("wrong")
        TRIES.add("wrong", by=2)
        PLACES.put(7)
        PLACES.add(-2)
        TIMES.took(0.5, "first")
        with TIMES.timed("first"):
            pass
        samples = told(recording)

    assert value(samples, "tries_total", result="wrong") == 3
    assert value(samples, "tries_total", result="ok") == 0
    assert value(samples, "places") == 5
    assert value(samples, "times_seconds_bucket", stage="first", le="0.1") == 1
    assert value(samples, "times_seconds_bucket", stage="first", le="1.0") == 2


def test_a_value_that_a_label_may_not_have_is_counted_as_other() -> None:
    with measured((TRIES,)) as recording:
        for made_up in range(3):
            TRIES.add(f"made-up-{made_up}")
        samples = told(recording)

    assert value(samples, "tries_total", result="other") == 3
    assert len([name for name, _ in samples if name == "tries_total"]) == 3


def test_nobody_can_make_up_series_without_end() -> None:
    with measured(()) as recording:
        for made_up in range(MOST_SERIES + 5):
            ROUTES.add(f"/{made_up}")
        samples = told(recording)

    assert len([name for name, _ in samples if name == "routes_total"]) == MOST_SERIES + 1
    assert value(samples, "routes_total", route="other") == 5


def test_nothing_is_counted_before_somebody_measures_or_after() -> None:
    assert recorder() is None
    TRIES.add("ok")
    with measured((TRIES,)) as recording:
        pass
    TRIES.add("ok")
    PLACES.put(1)
    TIMES.took(1, "first")

    assert recorder() is None
    assert value(told(recording), "tries_total", result="ok") == 0


def test_prometheus_is_not_imported_by_who_does_not_measure() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"
