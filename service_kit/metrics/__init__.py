"""What is counted and timed, for Prometheus to collect; nothing is, until a process measures.

A metric is declared once, in `auth_service/metrics.py`, `api_service/metrics.py` or here, with the
values its labels may have, so that no caller can make up series. Declaring costs nothing: where
METRICS_PORT is unset, counting is one comparison, and Prometheus's package is never imported.

Like the log, this is the process's own: one truth for all that runs in it. Several workers write
to files that `port` adds up.

    requests   requests, their times and how many are under way, for every route
    vitals     the event loop's lag, memory, file descriptors; and what else is read now and then
    port       /metrics on a port of its own
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any

OTHER = "other"
"""What a label says whose value is none of those it may have."""

MOST_SERIES = 1000
"""Most label sets of one metric; labels such as routes have no values that are known beforehand."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of times, from a session read to the longest answer."""


@dataclass(frozen=True, slots=True, eq=False)
class _Metric:
    """A metric and its labels.

    Attributes:
        name: As Prometheus has it, with its unit.
        help: What it says, in a sentence.
        labels: Each with the values it may have, of which every one is shown from the start; with
            none, any: then there must be few.
    """

    name: str
    help: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Counter(_Metric):
    """How often something has happened, or how much of it; its name ends in `_total`."""

    __slots__ = ()

    def add(self, *labels: str, by: float = 1) -> None:
        """Count something once, or by as much."""
        if _recorder is not None:
            _recorder.child(self, labels).inc(by)


class Gauge(_Metric):
    """How much of something there is; of several workers, the sum."""

    __slots__ = ()

    def put(self, value: float, *labels: str) -> None:
        """Say how much it is now."""
        if _recorder is not None:
            _recorder.child(self, labels).set(value)

    def add(self, more: float, *labels: str) -> None:
        """Say how much more it is now, or less."""
        if _recorder is not None:
            _recorder.child(self, labels).inc(more)

    @contextmanager
    def held(self, *labels: str) -> Iterator[None]:
        """Say that there is one more until the block is left."""
        self.add(1, *labels)
        try:
            yield
        finally:
            self.add(-1, *labels)


class Oldest(Gauge):
    """A gauge of which, of several workers, the highest counts."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Histogram(_Metric):
    """How long something took, in seconds, or how large it was.

    Attributes:
        bounds: Between what values is told.
    """

    bounds: tuple[float, ...] = SECONDS

    def took(self, seconds: float, *labels: str) -> None:
        """Note one time."""
        if _recorder is not None:
            _recorder.child(self, labels).observe(seconds)

    @contextmanager
    def timed(self, *labels: str) -> Iterator[None]:
        """Note how long the block takes, however it ends."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.took(time.perf_counter() - began, *labels)


Metric = Counter | Gauge | Histogram


class Recorder:
    """Keeps the values of this process, as Prometheus's package does.

    Args:
        metrics: Those whose labels are known are shown from the start, so that what has not
            happened yet reads as 0 and not as nothing.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        from prometheus_client import CollectorRegistry, disable_created_metrics

        # A second series for each, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call] # theirs
        self.registry = CollectorRegistry()
        self._families: dict[Metric, Any] = {}
        self._children: dict[tuple[Metric, tuple[str, ...]], Any] = {}
        for metric in metrics:
            if all(metric.labels.values()):
                for labels in product(*metric.labels.values()):
                    self.child(metric, labels)

    def child(self, metric: Metric, labels: tuple[str, ...]) -> Any:  # noqa: ANN401 -- of three kinds
        """Return the one series of a metric that these labels name, in the metric's order."""
        try:
            return self._children[metric, labels]
        except KeyError:
            return self._new(metric, labels)

    def _new(self, metric: Metric, labels: tuple[str, ...]) -> Any:  # noqa: ANN401 -- as above
        family = self._families.get(metric)
        if family is None:
            family = self._families[metric] = self._family(metric)
        known = metric.labels.values()
        told = tuple(
            value if not allowed or value in allowed else OTHER
            for value, allowed in zip(labels, known, strict=True)
        )
        mine = sum(each is metric for each, _ in self._children)
        if told != labels or mine >= MOST_SERIES:
            # Not kept under its own name: what callers make up shall not fill the memory either.
            told = told if told != labels else (OTHER,) * len(labels)
            return family.labels(*told)
        child = family.labels(*told) if told else family
        self._children[metric, labels] = child
        return child

    def _family(self, metric: Metric) -> Any:  # noqa: ANN401 -- as above
        import prometheus_client

        names = tuple(metric.labels)
        if isinstance(metric, Histogram):
            return prometheus_client.Histogram(
                metric.name, metric.help, names, buckets=metric.bounds, registry=self.registry
            )
        if isinstance(metric, Gauge):
            return prometheus_client.Gauge(
                metric.name,
                metric.help,
                names,
                multiprocess_mode="livemax" if isinstance(metric, Oldest) else "livesum",
                registry=self.registry,
            )
        return prometheus_client.Counter(metric.name, metric.help, names, registry=self.registry)


_recorder: Recorder | None = None


def measure(metrics: Iterable[Metric]) -> Recorder:
    """Have this process count from now on; what an earlier call has counted is kept apart.

    Args:
        metrics: What is shown from the start.
    """
    global _recorder  # noqa: PLW0603 -- the process's own, as its log is
    _recorder = Recorder(metrics)
    return _recorder


def recorder() -> Recorder | None:
    """Return what this process counts in, None where it counts nothing."""
    return _recorder


@contextmanager
def measured(metrics: Iterable[Metric]) -> Iterator[Recorder]:
    """Count until the block is left, then as before."""
    global _recorder  # noqa: PLW0603 -- as above
    before = _recorder
    try:
        yield measure(metrics)
    finally:
        _recorder = before
