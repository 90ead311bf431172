"""`python -m benchmarks.soak`: loads both services for minutes, and says what became of them.

Takes a minute longer than it is told, and some seconds. Exits with 1 where a bound is missed.
"""

import argparse
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.failure import BenchmarkFailed
from benchmarks.page import write_part
from benchmarks.soak import report
from benchmarks.soak.load import Load, Plan, Running, running
from benchmarks.soak.readers import sign_up
from benchmarks.soak.services import Services, services
from benchmarks.soak.verdict import Sample, Soak, missed

CHECKOUT = Path(__file__).parents[2]
WHOLE = 10
LEAST = 2
READERS = 50
SAMPLE_SECONDS = 2.0
COLLECT_SECONDS = 15.0
SHOWN = 10


def main() -> int:
    """Load, print and write; return the exit status."""
    parser = argparse.ArgumentParser(prog="soak", description="Load both services for minutes.")
    parser.add_argument("--minutes", type=int, default=WHOLE, help=f"{LEAST} at least")
    parser.add_argument("--environment", type=Path, default=CHECKOUT / "build/soak")
    parser.add_argument("--output", type=Path, help="a page; docs/benchmarks.md for a whole run")
    options = parser.parse_args()
    if options.minutes < LEAST:
        parser.error(f"less than {LEAST} minutes tell nothing")
    machine = report.machine()
    try:
        soak = _soak(options.minutes, options.environment)
        bounds_missed = list(missed(soak))
        parts = (report.minutes(soak), report.requests(soak), report.processes(soak))
        tables = ["\n".join(part) + "\n" for part in parts]
    except BenchmarkFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    text = "\n".join([report.INTRODUCTION, machine, *tables, report.verdict(bounds_missed)])
    sys.stdout.write(text)
    _tell_failed(soak.load)
    page = options.output or (CHECKOUT / "docs/benchmarks.md" if options.minutes == WHOLE else None)
    if page:
        write_part(page, "make soak", text)
    return 1 if bounds_missed else 0


def _soak(minutes: int, environment: Path) -> Soak:
    with TemporaryDirectory(prefix="soak-") as folder:
        ours, k6 = Path(folder, "services"), Path(folder, "k6")
        ours.mkdir()
        k6.mkdir()
        with services(ours) as running_services:
            auth, api = running_services.auth, running_services.api
            readers = sign_up(auth.url, READERS)
            plan = Plan(auth.url, api.url, (minutes + 1) * 60)
            with running(plan, readers, k6, environment=environment) as requests:
                return _watched(running_services, requests)


def _watched(running_services: Services, requests: Running) -> Soak:
    """Note what the services take until all is asked."""
    watched = (running_services.auth, running_services.api)
    memory: dict[str, list[Sample]] = {server.name: [] for server in watched}
    begun = collected = time.monotonic()
    used = [server.cpu_seconds() for server in watched]
    try:
        while not requests.ended():
            now = time.monotonic()
            for server in watched:
                memory[server.name].append(Sample(now - begun, server.resident_megabytes()))
            if now - collected >= COLLECT_SECONDS:
                collected = now
                _collect(running_services)
            time.sleep(SAMPLE_SECONDS)
    except (OSError, ValueError) as error:  # a process that has ended has no memory to tell of
        raise BenchmarkFailed(f"A service is gone, or says nothing of itself: {error}") from error
    took = time.monotonic() - begun
    cores = {
        server.name: (server.cpu_seconds() - before) / took
        for server, before in zip(watched, used, strict=True)
    }
    return Soak(requests.result(), memory, cores)


def _collect(running_services: Services) -> None:
    for url in running_services.metrics:
        with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 -- http, as built in services.py
            reply.read()


def _tell_failed(load: Load) -> None:
    for each in load.failed[:SHOWN]:
        sys.stderr.write(f"{each}\n")


if __name__ == "__main__":
    sys.exit(main())
