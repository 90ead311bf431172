"""The servers measured, one process each, and what they use."""

import os
import shutil
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

_SECRETS = {
    "BETTER_AUTH_SECRET": "measured-cookies-0123456789abcdefghij",
    "JWT_SECRET": "measured-tokens-0123456789abcdefghijk",
}


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
def ours(database_url: str, name: str = "ours", **settings: str) -> Iterator[Server]:
    """Run auth-service, access log included, but without limits.

    Args:
        database_url: Of a migrated database.
        name: As the report calls it.
        settings: That differ from the defaults.
    """
    port = _free_port()
    command = [sys.executable, "-m", "auth_service"]
    environment = {
        "DATABASE_URL": database_url,
        "AUTH_SERVER_PORT": str(port),
        "RATE_LIMIT": "off",
        **settings,
    }
    with _running(name, command, port, environment) as server:
        yield server


@contextmanager
def answers(auth: Server, folder: Path) -> Iterator[Server]:
    """Run an api-service that asks auth-service, with a folder of data of its own."""
    port = _free_port()
    command = [sys.executable, "-m", "api_service"]
    environment = {
        "API_SERVER_PORT": str(port),
        "AUTH_SERVICE_URL": auth.url,
        "DATA_DIR": str(folder),
        "RATE_LIMIT": "off",
    }
    with _running("api-service", command, port, environment) as server:
        yield server


@contextmanager
def limit(database_url: str) -> Iterator[Server]:
    """Run the bare application of benchmarks.auth.limit."""
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.auth.limit"]
    environment = {"DATABASE_URL": database_url, "PORT": str(port)}
    with _running("limit", command, port, environment) as server:
        yield server


@contextmanager
def peer(folder: Path, database_url: str, *, set_auth_jwt: bool) -> Iterator[Server]:
    """Run the Node server of a folder that `prepare_peer` made.

    Args:
        folder: Of the server.
        database_url: Of a database that it has migrated.
        set_auth_jwt: Whether it signs a token whenever it reads a session, as on its defaults.
    """
    port = _free_port()
    environment = {
        "DATABASE_URL": database_url,
        "AUTH_SERVER_PORT": str(port),
        "NODE_ENV": "production",
        "SET_AUTH_JWT": "on" if set_auth_jwt else "off",
    }
    name = "peer" if set_auth_jwt else "peer, set-auth-jwt off"
    with _running(name, ["node", "server.js"], port, environment, folder) as server:
        yield server


def prepare_peer(source: Path, folder: Path, database_url: str) -> Path:
    """Copy the peer, let its set-auth-jwt be switched off, install its packages, make its tables.

    Raises:
        BenchmarkFailed: npm or the migration fails, or the peer's code has changed.
    """
    copy = shutil.copytree(source, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    code = (copy / "auth.js").read_text()
    if code.count(" jwt(),") != 1:
        raise BenchmarkFailed("The peer's auth.js does not list the plugin jwt() as expected.")
    switch = ' jwt({ disableSettingJwtHeader: process.env.SET_AUTH_JWT === "off" }),'
    (copy / "auth.js").write_text(code.replace(" jwt(),", switch))
    for command in (["npm", "install", "--no-audit", "--no-fund"], ["node", "migrate.js"]):
        done = subprocess.run(  # noqa: S603 -- our own commands
            command,
            cwd=copy,
            env={**os.environ, "DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BenchmarkFailed(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    return copy


@contextmanager
def _running(
    name: str,
    command: list[str],
    port: int,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> Iterator[Server]:
    with subprocess.Popen(  # noqa: S603 -- our own commands
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **_python_path(), **_SECRETS, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, name)
            yield Server(name, url, process.pid)
        finally:
            process.terminate()


def _python_path() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
