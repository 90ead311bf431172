"""A Better Auth server on Node.js, as people run it, on a database of ours."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.auth_service.service import ORIGIN
from tests.loopback import free_port

CHECKOUT = Path(__file__).parents[2]
PEER = Path(os.environ.get("BETTER_AUTH_PEER") or CHECKOUT.parent / "shared/peers/better-auth")
SECONDS = 30.0


def require_node() -> None:
    """Skip the test where no such server can be run."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js")
    if not (PEER / "node_modules").is_dir():
        pytest.skip(
            "needs ../shared/peers/better-auth with its packages installed (npm install), "
            "or BETTER_AUTH_PEER naming a copy that has them"
        )


@contextmanager
def running_node(database: str, **variables: str) -> Iterator[str]:
    """Run it for as long as the context lasts; yields its address.

    Args:
        database: The address of a database that has our tables.
        variables: Its settings besides, as its environment names them.
    """
    port = free_port()
    process = subprocess.Popen(
        ["node", "server.js"],
        cwd=PEER,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database,
            "AUTH_SERVER_PORT": str(port),
            "TRUSTED_ORIGINS": ORIGIN,
            **variables,
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/health")
        yield address
    finally:
        process.kill()
        process.wait()


def _await(address: str) -> None:
    give_up_at = time.monotonic() + SECONDS
    while True:
        try:
            httpx.get(address).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < give_up_at, "the Node server does not answer"
            time.sleep(0.1)
        else:
            return
