"""The servers measured, and what they use."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server, free_port, running

_SECRETS = {
    "BETTER_AUTH_SECRET": "measured-cookies-0123456789abcdefghij",
    "JWT_SECRET": "measured-tokens-0123456789abcdefghijk",
}


@contextmanager
def ours(database_url: str, name: str = "ours", **settings: str) -> Iterator[Server]:
    """Run auth-service, access log included, but without limits.

    Args:
        database_url: Of a migrated database.
        name: As the report calls it.
        settings: That differ from the defaults.
    """
    port = free_port()
    command = [sys.executable, "-m", "auth_service"]
    environment = {
        **_SECRETS,
        "DATABASE_URL": database_url,
        "AUTH_SERVER_PORT": str(port),
        "RATE_LIMIT": "off",
        **settings,
    }
    with running(name, command, port, environment) as server:
        yield server


@contextmanager
def answers(auth: Server, folder: Path) -> Iterator[Server]:
    """Run an api-service that asks auth-service, with a folder of data of its own."""
    port = free_port()
    command = [sys.executable, "-m", "api_service"]
    environment = {
        **_SECRETS,
        "API_SERVER_PORT": str(port),
        "AUTH_SERVICE_URL": auth.url,
        "DATA_DIR": str(folder),
        "RATE_LIMIT": "off",
    }
    with running("api-service", command, port, environment) as server:
        yield server


@contextmanager
def limit(database_url: str) -> Iterator[Server]:
    """Run the bare application of benchmarks.auth.limit."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.auth.limit"]
    environment = {"DATABASE_URL": database_url, "PORT": str(port)}
    with running("limit", command, port, environment) as server:
        yield server


@contextmanager
def peer(folder: Path, database_url: str, *, set_auth_jwt: bool) -> Iterator[Server]:
    """Run the Node server of a folder that `prepare_peer` made.

    Args:
        folder: Of the server.
        database_url: Of a database that it has migrated.
        set_auth_jwt: Whether it signs a token whenever it reads a session, as on its defaults.
    """
    port = free_port()
    environment = {
        **_SECRETS,
        "DATABASE_URL": database_url,
        "AUTH_SERVER_PORT": str(port),
        "NODE_ENV": "production",
        "SET_AUTH_JWT": "on" if set_auth_jwt else "off",
    }
    name = "peer" if set_auth_jwt else "peer, set-auth-jwt off"
    with running(name, ["node", "server.js"], port, environment, folder) as server:
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
