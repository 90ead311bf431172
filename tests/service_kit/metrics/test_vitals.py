import asyncio
import time

from prometheus_client import generate_latest

from service_kit.metrics import Gauge, measured
from service_kit.metrics.vitals import METRICS, watched
from tests.service_kit.metrics.reading import Samples, parsed, value

READ = Gauge("read", "Times it was read.")


class Looks:
    """Counts how often it is looked, for tests to wait."""

    def __init__(self) -> None:
        self.number = 0
        self._changed = asyncio.Event()

    def __call__(self) -> None:
        self.number += 1
        READ.put(self.number)
        self._changed.set()

    async def wait(self) -> None:
        async with asyncio.timeout(60):
            await self._changed.wait()
        self._changed.clear()


async def test_a_loop_that_is_blocked_comes_back_late_and_is_seen() -> None:
    looks = Looks()
    with measured(METRICS) as recording:
        async with watched(looks):
            await looks.wait()
            await asyncio.sleep(0)
            time.sleep(1.3)  # noqa: ASYNC251 -- what must not happen
            await looks.wait()
        samples: Samples = parsed(generate_latest(recording.registry).decode())

    late = value(samples, "event_loop_lag_seconds_count")
    in_time = value(samples, "event_loop_lag_seconds_bucket", le="0.5")
    assert late is not None
    assert in_time is not None
    assert late - in_time >= 1


async def test_the_process_tells_of_itself_until_it_is_watched_no_more() -> None:
    looks = Looks()
    with measured((*METRICS, READ)) as recording:
        async with watched(looks):
            await looks.wait()
        samples = parsed(generate_latest(recording.registry).decode())

    assert (value(samples, "process_resident_memory_bytes") or 0) > 10_000_000
    assert (value(samples, "process_cpu_seconds_total") or 0) > 0
    assert (value(samples, "process_open_fds") or 0) > 2
    assert (value(samples, "event_loop_tasks") or 0) >= 2  # the test's, and the one that watches
    assert value(samples, "read") == looks.number


async def test_nothing_is_watched_where_nothing_is_measured() -> None:
    looks = Looks()
    async with watched(looks):
        await asyncio.sleep(0.01)

    assert looks.number == 0
