"""The processes of one run: started, watched until one ends, and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from standalone.lifetime import bound_to_us, stopped_at_the_end
from standalone.refusals import CannotStart, ServiceDied

STOP_SECONDS = 25.0
"""What a command gets between SIGTERM and SIGKILL."""

CLOSING_SECONDS = 10.0
"""What a service gets beyond SHUTDOWN_GRACE, as from every platform: its mails leave meanwhile."""

READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A part of the run that has been started, and its name in sentences."""

    name: str
    process: subprocess.Popen[bytes]


def refuse_taken_port(host: str, port: int, variable: str) -> None:
    """Raise CannotStart if nothing can listen at host and port; variable names the cure."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {host} cannot be used ({error.strerror}); "
                f"stop what uses it, or set {variable} to another port."
            ) from error


@contextmanager
def running(
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stop_seconds: float = STOP_SECONDS,
) -> Iterator[Service]:
    """Run a Python module of ours until the block is left; then stop it, by force if it must be.

    Args:
        name: What the service is called in sentences.
        arguments: What follows `python -m`.
        environment: Added to this process's own.
        stop_seconds: How long it may take to stop before it is made to.
    """
    process = subprocess.Popen(  # noqa: S603 -- our own modules with this interpreter
        bound_to_us([sys.executable, "-m", *arguments], signal.SIGTERM),
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches this process alone, which stops the rest
    )
    with stopped_at_the_end(process, signal.SIGTERM, stop_seconds):
        yield Service(name, process)


def wait_until_alive(service: Service, url: str) -> None:
    """Return when the service answers `/health`.

    Raises:
        ServiceDied: It ended, or did not answer in READY_SECONDS.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            raise ServiceDied(f"{service.name} ended while it started; its lines above say why.")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=1):  # noqa: S310 -- our own http
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise ServiceDied(f"{service.name} did not answer within {READY_SECONDS:.0f} s.")


def wait_until_one_ends(services: Sequence[Service]) -> None:
    """Block while all services run.

    Raises:
        ServiceDied: One of them has ended.
    """
    while True:
        for service in services:
            if service.process.poll() is not None:
                raise ServiceDied(
                    f"{service.name} has ended by itself, exit status "
                    f"{service.process.returncode}; everything else was stopped too."
                )
        time.sleep(0.2)
