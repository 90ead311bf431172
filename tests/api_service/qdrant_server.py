"""A Qdrant server for the tests: the stand-in beside the checkout, over Qdrant's own engine."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.loopback import free_port

SERVER = Path(__file__).parents[3] / "shared/offline-images/qdrant/server.py"


@contextmanager
def qdrant_server(
    storage: Path,
    api_key: str | None = None,
    port: int | None = None,
    read_only_key: str | None = None,
) -> Iterator[str]:
    """Run the server with its data in storage, on a free port unless one is named."""
    if not SERVER.exists():
        pytest.skip("needs ../shared/offline-images/qdrant, a stand-in for Qdrant's server")
    if importlib.util.find_spec("orjson") is None:
        pytest.skip("needs orjson, which ../shared/offline-images/qdrant uses")
    port = port or free_port()
    environment = {
        **os.environ,
        "QDRANT__SERVICE__HOST": "127.0.0.1",
        "QDRANT__SERVICE__HTTP_PORT": str(port),
        "QDRANT__STORAGE__STORAGE_PATH": str(storage),
        "QDRANT__SERVICE__API_KEY": api_key or "",
        "QDRANT__SERVICE__READ_ONLY_API_KEY": read_only_key or "",
        "COVERAGE_PROCESS_START": "",
        "COVERAGE_PROCESS_CONFIG": "",
    }
    log = storage.parent / f"{storage.name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, SERVER], env=environment, stdout=output, stderr=output
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_ready(url, process, log)
            yield url
        finally:
            process.send_signal(signal.SIGKILL)


async def collections(server: httpx.AsyncClient) -> list[str]:
    """Return the names of the server's collections."""
    reply = (await server.get("/collections")).json()
    return [each["name"] for each in reply["result"]["collections"]]


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            httpx.get(f"{url}/readyz", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the Qdrant server did not start: {log.read_text()}")
