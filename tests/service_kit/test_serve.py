import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from service_kit.open_files import most_connections, raise_limit
from tests.auth_service.service import bare_environment
from tests.loopback import free_port

COMMAND = [sys.executable, "-c", "from tests.service_kit.small_service import main; main()"]
_TOLD_WHILE_IT_STARTS = """
import os, signal, sys
from importlib.abc import MetaPathFinder


class Tells(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "auth_service.app":
            os.kill(os.getpid(), signal.SIGTERM)
        return None


sys.meta_path.insert(0, Tells())
from auth_service.__main__ import main

main()
"""
"""auth-service's command, told to stop by whoever looks for the code it is about to import."""

WORKERS = pytest.mark.parametrize("workers", ["1", "2"], ids=["alone", "two workers"])


@dataclass(frozen=True, slots=True)
class Served:
    """A service in a process of its own, and what it printed."""

    process: "subprocess.Popen[str]"
    log: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def printed(self) -> str:
        return self.log.read_text("utf-8")

    def ask(self, path: str) -> httpx.Response:
        """Ask on a connection of its own."""
        return httpx.get(self.address + path, timeout=30)

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        wait_until(lambda: "service_stopping" in self.printed())


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def served(folder: Path, **values: str) -> Iterator[Served]:
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            COMMAND,
            cwd=folder,
            env=bare_environment(**{"SMALL_PORT": str(port), **values}),
            stderr=log,
            text=True,
        )
    service = Served(process, folder / "log", port)
    try:
        # A bound port is not yet an application that has started, nor one of several all of them.
        workers = int(values.get("WEB_CONCURRENCY", "1"))
        wait_until(
            lambda: process.poll() is not None or service.printed().count("opened\n") == workers
        )
        wait_until(lambda: process.poll() is not None or listens(port))
        assert service.ask("/health").status_code == 200
        yield service
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)


@WORKERS
def test_a_service_told_to_stop_says_so_before_it_lets_nobody_in(
    tmp_path: Path, workers: str
) -> None:
    with served(tmp_path, WEB_CONCURRENCY=workers, SHUTDOWN_NOTICE="3s") as service:
        assert service.ask("/ready").status_code == 200
        service.tell()
        wait_until(lambda: service.ask("/ready").status_code == 503)
        ready, health = service.ask("/ready"), service.ask("/health/live")

        assert ready.json()["status"] == "draining"
        assert (health.status_code, health.headers["connection"]) == (200, "close")
        assert service.process.wait(30) == 0
        assert not listens(service.port)


@WORKERS
def test_what_is_under_way_is_finished_then_pools_are_closed(tmp_path: Path, workers: str) -> None:
    with (
        served(tmp_path, WEB_CONCURRENCY=workers, SHUTDOWN_NOTICE="0s") as service,
        ThreadPoolExecutor() as threads,
    ):
        asked = threads.submit(service.ask, "/slow?seconds=2")
        wait_until(lambda: "under way" in service.printed())
        service.tell()

        assert asked.result().json() == "finished"
        assert service.process.wait(30) == 0
        said = service.printed()
        assert said.index("service_stopping") < said.index("finished") < said.rindex("closed")
        assert said.count("closed\n") == int(workers)
        assert "Traceback" not in said


@WORKERS
def test_what_takes_longer_than_the_grace_is_ended_with_503(tmp_path: Path, workers: str) -> None:
    values = {"WEB_CONCURRENCY": workers, "SHUTDOWN_GRACE": "2", "SHUTDOWN_NOTICE": "1"}
    with served(tmp_path, **values) as service, ThreadPoolExecutor() as threads:
        asked = threads.submit(service.ask, "/slow?seconds=60")
        wait_until(lambda: "under way" in service.printed())
        started = time.monotonic()
        service.tell()

        assert (asked.result().status_code, asked.result().text) == (503, "stopped")
        assert service.process.wait(30) == 0
        assert time.monotonic() - started < 30
        said = service.printed()
        assert '"request_ended_by_stop"' in said
        assert "finished" not in said
        assert "Traceback" not in said


@WORKERS
def test_what_is_ended_gives_back_what_it_holds_before_pools_close(
    tmp_path: Path, workers: str
) -> None:
    values = {"WEB_CONCURRENCY": workers, "SHUTDOWN_GRACE": "1", "SHUTDOWN_NOTICE": "0"}
    with served(tmp_path, **values) as service, ThreadPoolExecutor() as threads:
        asked = threads.submit(service.ask, "/last-words")
        wait_until(lambda: "under way" in service.printed())
        service.tell()

        assert asked.result().status_code == 503
        assert service.process.wait(30) == 0
        said = service.printed()
        assert said.index("given back") < said.rindex("closed\n")
        assert "Traceback" not in said


@WORKERS
def test_while_the_last_request_is_finished_nobody_is_left_waiting_at_the_door(
    tmp_path: Path, workers: str
) -> None:
    values = {"WEB_CONCURRENCY": workers, "SHUTDOWN_GRACE": "30s", "SHUTDOWN_NOTICE": "0s"}
    with served(tmp_path, **values) as service, ThreadPoolExecutor() as threads:
        asked = threads.submit(service.ask, "/slow?seconds=6")
        wait_until(lambda: "under way" in service.printed())
        service.tell()
        wait_until(lambda: not listens(service.port))

        assert not asked.done()
        assert asked.result().json() == "finished"
        assert service.process.wait(30) == 0


def test_a_signal_before_anybody_listens_for_it_ends_with_0_too(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _TOLD_WHILE_IT_STARTS],
        cwd=tmp_path,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_ctrl_c_waits_for_no_proxy_and_ends_with_0_too(tmp_path: Path) -> None:
    with served(tmp_path, SHUTDOWN_GRACE="60s", SHUTDOWN_NOTICE="60s") as service:
        service.tell(signal.SIGINT)

        assert service.process.wait(30) == 0
        assert "closed\n" in service.printed()


@WORKERS
def test_a_second_signal_ends_the_notice(tmp_path: Path, workers: str) -> None:
    values = {"WEB_CONCURRENCY": workers, "SHUTDOWN_GRACE": "60s", "SHUTDOWN_NOTICE": "60s"}
    with served(tmp_path, **values) as service:
        service.tell()
        wait_until(lambda: service.printed().count('"service_stopping"') == int(workers))
        assert service.ask("/health").status_code == 200
        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(30) == 0


def test_a_connection_that_was_kept_is_told_that_it_ends(tmp_path: Path) -> None:
    with served(tmp_path, SHUTDOWN_NOTICE="2s") as service:
        kept = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        kept.request("GET", "/health")
        assert kept.getresponse().read()
        service.tell()
        kept.request("GET", "/health")
        last = kept.getresponse()

        assert (last.status, last.getheader("connection")) == (200, "close")
        assert service.process.wait(30) == 0


def test_two_thousand_idle_connections_keep_nobody_waiting(tmp_path: Path) -> None:
    raise_limit()  # for our own ends of them
    with served(tmp_path) as service, ExitStack() as idle:
        for number in range(most_connections(2000)):
            caller = idle.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            if number % 2:
                caller.sendall(b"GET /health HTTP/1.1\r\nX: ")
        started = time.monotonic()
        for _ in range(10):
            assert service.ask("/health").status_code == 200
        assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"SHUTDOWN_GRACE": "soon"}, "SHUTDOWN_GRACE is not a span such as 900s"),
        ({"SHUTDOWN_GRACE": "2h"}, "SHUTDOWN_GRACE is longer than 1h"),
        ({"MAX_CONNECTIONS": "0"}, "MAX_CONNECTIONS "),
        ({"SHUTDOWN_NOTICE": "30s"}, "SHUTDOWN_NOTICE is longer than SHUTDOWN_GRACE"),
    ],
)
def test_a_wrong_span_is_one_sentence(tmp_path: Path, values: dict[str, str], words: str) -> None:
    done = subprocess.run(
        COMMAND,
        cwd=tmp_path,
        env=bare_environment(SMALL_PORT="1", **values),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr.startswith(words)) == (2, True)
    assert len(done.stderr.splitlines()) == 1
