"""What may be said of a soak: whether anything failed, slowed down or grew."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.failure import BenchmarkFailed
from benchmarks.soak.load import Load

SLOWER = 3.0
"""Most times the first minute's p99 that a later minute's may be."""

GROWN = 1.05
"""Most times the memory at minute two that the memory at the end may be."""

MINUTE_TWO = 120.0
_AROUND_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process occupied.

    Attributes:
        seconds: Since the first request.
        megabytes: Resident, in 2^20 bytes.
    """

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Soak:
    """Minutes of load, the first of which warms up.

    Attributes:
        load: What came of the requests.
        memory: Of each service, in the order of time.
        cores: Each service used on average.
    """

    load: Load
    memory: Mapping[str, Sequence[Sample]]
    cores: Mapping[str, float]

    def slowdown(self, kind: str) -> float:
        """Return the worst p99 of a later minute, in times of the first minute's.

        Without an end where no request of the first minute reached its service: none took time.
        """
        first, *later = self.load.minutes[kind][1:]
        worst = max((minute.p99 for minute in later), default=first.p99)
        return worst / first.p99 if first.p99 else math.inf

    def growth(self, service: str) -> float:
        """Return the memory at the end, in times of that at minute two."""
        samples = self.memory[service]
        return resident(samples, samples[-1].seconds) / resident(samples, MINUTE_TWO)


def resident(samples: Sequence[Sample], seconds: float) -> float:
    """Return the megabytes at a time: the median of the ten seconds before.

    Raises:
        BenchmarkFailed: Nothing was measured then.
    """
    near = [
        sample.megabytes
        for sample in samples
        if seconds - _AROUND_SECONDS <= sample.seconds <= seconds
    ]
    if not near:
        raise BenchmarkFailed(f"No memory was measured around second {seconds:.0f}.")
    return median(near)


def missed(soak: Soak) -> Iterator[str]:
    """Yield a sentence for each bound that was missed."""
    failed = Counter((each.scenario, each.status) for each in soak.load.failed)
    for (kind, status), number in failed.items():
        yield f"{number} of {kind} failed with status {status}."
    if soak.load.dropped:
        yield f"{soak.load.dropped} requests were not begun: too many were under way."
    for kind, minutes in soak.load.minutes.items():
        if any(minute.count == 0 for minute in minutes):
            yield f"In some minute there was no {kind}."
        elif soak.slowdown(kind) > SLOWER:
            yield f"The p99 of {kind} rose to {soak.slowdown(kind):.1f} times the first minute's."
    for service in soak.memory:
        if soak.growth(service) > GROWN:
            yield f"{service} grew to {soak.growth(service):.3f} times its memory at minute two."
