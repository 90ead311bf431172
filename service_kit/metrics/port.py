"""`/metrics` on a port of its own, which no reader reaches.

It is answered in a thread of the process that was started: by what that process has counted, or,
where several workers serve, by what the files of all of them add up to. A worker that has died
goes on counting towards what was done, and no more towards what there is.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from service_kit.metrics import recorder
from service_kit.settings import BadSettings

log = structlog.get_logger(__name__)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where Prometheus's package looks for the folder that workers write to."""


def serve_metrics(host: str, port: int, *, public: int, several: bool) -> None:
    """Answer `/metrics` until the process ends.

    Args:
        host: The address to listen on.
        port: Likewise.
        public: The port that readers reach.
        several: Whether processes started from here on are what is measured, not this one.

    Raises:
        BadSettings: Nothing can listen there, or readers reach it.
    """
    if port == public:
        raise BadSettings("METRICS_PORT must be another port than the one readers reach")
    mine = recorder()
    registry: Collector = CollectorRegistry() if mine is None else mine.registry
    if several:
        folder = Path(tempfile.mkdtemp(prefix="metrics-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[FOLDER] = str(folder)  # workers find it among what they inherit
        registry = Workers(folder)
    try:
        start_http_server(port, host, registry)
    except OSError as error:
        raise BadSettings(
            f"METRICS_PORT: port {port} on {host} cannot be used ({error.strerror}); each service "
            "needs one of its own"
        ) from error
    log.info("metrics_served", host=host, port=port)


class Workers(Collector):
    """What all workers have counted, read from their files whenever it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Family]:
        """Return the sums."""
        for file in self._folder.glob("gauge_live*_*.db"):
            pid = int(file.stem.rpartition("_")[2])
            if not _lives(pid):
                mark_process_dead(pid, str(self._folder))  # type: ignore[no-untyped-call] # theirs
        collector = MultiProcessCollector(None, str(self._folder))  # type: ignore[no-untyped-call] # as above
        everything: Iterable[Family] = collector.collect()  # type: ignore[no-untyped-call] # as above
        return everything


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another's by now
        return False
    return True
