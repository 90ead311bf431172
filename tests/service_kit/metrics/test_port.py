"""`/metrics` of real processes: of one, of several workers, and of those that have died."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.auth_service.service import COOKIE_SECRET, TOKEN_SECRET, bare_environment
from tests.loopback import free_port
from tests.service_kit.metrics.reading import Samples, scraped, value


def environment(**values: str) -> dict[str, str]:
    return bare_environment(
        DATABASE_URL="postgresql://book:secret-word@127.0.0.1:1/book",
        BETTER_AUTH_SECRET=COOKIE_SECRET,
        JWT_SECRET=TOKEN_SECRET,
        **values,
    )


@contextmanager
def served(folder: Path, **values: str) -> Iterator[tuple[str, str]]:
    """Run auth-service as its command does; yields its address and that of its metrics."""
    port, metrics_port = free_port(), free_port()
    ports = {"AUTH_SERVER_PORT": str(port), "AUTH_METRICS_PORT": str(metrics_port)}
    temporary = {"TMPDIR": str(folder)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "auth_service"],
            cwd=folder,
            env=environment(**ports, **temporary, **values),
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: answers(address) and process.poll() is None)
        yield address, f"http://127.0.0.1:{metrics_port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def asked(samples: Samples, route: str = "/api/auth/ok", status: str = "200") -> float:
    labels = {"method": "GET", "route": route, "status": status}
    return value(samples, "http_requests_total", **labels) or 0


def test_a_process_tells_what_it_has_answered_on_a_port_of_its_own(tmp_path: Path) -> None:
    with served(tmp_path) as (address, metrics):
        for _ in range(5):
            httpx.get(f"{address}/api/auth/ok")
        samples = scraped(metrics)
        public = httpx.get(f"{address}/metrics")

    assert asked(samples) == 5
    assert value(samples, "http_requests_in_flight") == 0
    assert (value(samples, "process_resident_memory_bytes") or 0) > 10_000_000
    assert value(samples, "auth_sign_ins_total", result="ok") == 0
    assert public.status_code == 404


def test_several_workers_tell_one_truth_also_when_one_dies(tmp_path: Path) -> None:
    with served(tmp_path, WEB_CONCURRENCY="2") as (address, metrics):
        until(lambda: len(workers(scraped(metrics), tmp_path)) == 2)
        for _ in range(20):
            httpx.get(f"{address}/api/auth/ok")  # a connection each, so that both may be asked
        before = scraped(metrics)
        assert asked(before) == 20
        places = value(before, "auth_password_places") or 0

        dead = workers(before, tmp_path)[0]
        os.kill(dead, signal.SIGKILL)
        until(lambda: dead not in workers(scraped(metrics), tmp_path))
        assert asked(scraped(metrics)) == 20
        until(lambda: len(workers(scraped(metrics), tmp_path)) == 2)
        until(lambda: value(scraped(metrics), "auth_password_places") == places)
        httpx.get(f"{address}/api/auth/ok")
        assert asked(scraped(metrics)) == 21

    assert not list(tmp_path.glob("metrics-*")), "the folder is left behind"


def workers(_scraped: Samples, folder: Path) -> list[int]:
    """The workers that tell how much there is; a scrape sweeps those away that have died."""
    files = folder.glob("metrics-*/gauge_livesum_*.db")
    return sorted(int(file.stem.rpartition("_")[2]) for file in files)


def test_a_port_that_is_taken_is_said_and_nothing_starts(tmp_path: Path) -> None:
    with served(tmp_path) as (_, metrics):
        taken = metrics.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "auth_service"],
            cwd=tmp_path,
            env=environment(AUTH_SERVER_PORT=str(free_port()), METRICS_PORT=taken),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr.startswith(f"METRICS_PORT: port {taken} on 127.0.0.1 cannot be used")
    assert len(done.stderr.splitlines()) == 1


def test_the_port_that_readers_reach_is_none_for_metrics(tmp_path: Path) -> None:
    port = str(free_port())
    done = subprocess.run(
        [sys.executable, "-m", "auth_service"],
        cwd=tmp_path,
        env=environment(AUTH_SERVER_PORT=port, METRICS_PORT=port),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == "METRICS_PORT must be another port than the one readers reach\n"
