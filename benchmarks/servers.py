"""The servers that are measured, one process each."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.failure import BenchmarkFailed

_START_SECONDS = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        name: As the report calls it.
        url: Where it listens, without a slash at the end.
        pid: Of the process that answers.
    """

    name: str
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far, in user and system mode, by all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_megabytes(self) -> float:
        """Return the memory it occupies now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def settle(self) -> None:
        """Wait until it has finished what clients who are gone have asked for."""
        used = self.cpu_seconds()
        while True:
            time.sleep(0.3)
            if (now := self.cpu_seconds()) - used < 3 / _TICKS:
                return
            used = now


@contextmanager
def running(
    name: str,
    command: list[str],
    port: int,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> Iterator[Server]:
    """Run a server on a port of this machine until the block ends; what it says is dropped.

    Args:
        name: As the report calls it.
        command: That starts it.
        port: It listens on.
        environment: All it is told.
        folder: It runs in.

    Raises:
        BenchmarkFailed: It does not start.
    """
    with subprocess.Popen(  # noqa: S603 -- our own commands
        command,
        cwd=folder,
        env=environment_of(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, name)
            yield Server(name, url, process.pid)
        finally:
            process.terminate()


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return all that a process of ours is told: where code is found, and its settings."""
    path = os.pathsep.join(path for path in sys.path if path)
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, **settings}


def _wait(url: str, process: subprocess.Popen[bytes], name: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=1):  # noqa: S310 -- http, as built above
                return
        except urllib.error.HTTPError:  # the bare application has no such path, but it answers
            return
        except OSError:
            time.sleep(0.1)
    raise BenchmarkFailed(f"The server called {name!r} does not start.")


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
