"""How the process itself is: the event loop's lag and tasks, processor time, memory, files.

The names of the last three are those that Prometheus's packages give them in every language. Its
own collector tells them of one process alone, so that they are read here, for each worker.
"""

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from service_kit.metrics import Counter, Gauge, Histogram, recorder

LAG = Histogram(
    "event_loop_lag_seconds",
    "How much later than asked for the event loop came back, measured four times a second.",
)
TASKS = Gauge("event_loop_tasks", "Tasks that the event loops have under way.")
MEMORY = Gauge("process_resident_memory_bytes", "Memory that the service's processes hold.")
PROCESSOR = Counter("process_cpu_seconds_total", "Processor time that they have used.")
FILES = Gauge("process_open_fds", "Files and sockets that they hold open.")

METRICS = (LAG, TASKS, MEMORY, PROCESSOR, FILES)

_EVERY = 0.25  # seconds between looks at the event loop
_LOOKS = 4  # of these, one looks at all else
_PAGE = resource.getpagesize()


@asynccontextmanager
async def watched(read: Callable[[], None]) -> AsyncIterator[None]:
    """Measure the process for as long as the context lasts, if it is measured at all.

    Args:
        read: Puts what else there is into its gauges, once a second.
    """
    if recorder() is None:
        yield
        return
    watching = asyncio.create_task(_watch(read))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(read: Callable[[], None]) -> None:
    now, used = asyncio.get_running_loop().time, 0.0
    while True:
        used = _look(used)
        read()
        for _ in range(_LOOKS):
            asked = now() + _EVERY
            await asyncio.sleep(_EVERY)
            LAG.took(max(0.0, now() - asked))


def _look(used: float) -> float:
    now_used = time.process_time()
    PROCESSOR.add(by=now_used - used)
    TASKS.put(len(asyncio.all_tasks()))
    try:
        # Source: proc(5), /proc/pid/statm: the second number is what is resident, in pages.
        MEMORY.put(int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE)
        FILES.put(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 -- once a second, and cheaper
    except OSError:  # not Linux
        pass
    return now_used
