"""The profile `scale` as tests start it, and when all of it is back."""

import asyncio
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.journeys.containers import Stack, addresses, copy_of_the_repository
from tests.journeys.load import Reader, refused

ORIGIN = "http://localhost:8080"
AUTH = ("auth-1", "auth-2")
API = ("api-1", "api-2", "api-3")
BACK_SECONDS = 10.0

_PORTS = (3001, 3001, 8000, 8000, 8000)
_SETTINGS = """
COMPOSE_FILE=docker-compose.yml:tests/journeys/scale.yml
OPENAI_API_KEY=none-is-needed
OPENAI_BASE_URL=http://upstream:9000/0-50-20-40/v1
AUTH_RATE_LIMIT=100000/10 seconds
CREDENTIAL_RATE_LIMIT=100000/minute
CHAT_RATE_LIMIT=60/minute
PASSWORD_TRIES_LIMIT=5/minute
CHAT_TOKENS_A_DAY=1000000000
"""


@contextmanager
def running_replicas(folder: Path) -> Iterator[Stack]:
    """Start a copy of the repository in an empty folder, until the block is left."""
    copy_of_the_repository(folder)
    stack = Stack(folder, ("--profile", "scale"))
    subprocess.run(["make", "env"], cwd=folder, check=True)
    with (folder / ".env").open("a") as settings:
        settings.write(_SETTINGS)
    up = stack.compose("up", "--build", "--wait", "--detach", "proxy", check=False)
    try:
        assert up.returncode == 0, up.stderr + stack.compose("logs", check=False).stdout
        yield stack
    finally:
        down = stack.compose("down", "--volumes", "--remove-orphans", check=False)
        assert down.returncode == 0, down.stderr


async def back(
    stack: Stack,
    http: httpx.AsyncClient,
    readers: list[Reader],
    since: float,
    *,
    within: float = BACK_SECONDS,
) -> None:
    """Return when every replica is ready and readers sign in and are answered."""
    containers = await asyncio.to_thread(stack.containers, *AUTH, *API)
    missing: list[str] = ["nothing asked yet"]
    while missing:
        assert time.monotonic() - since < within, missing
        await asyncio.sleep(0.2)
        at = await asyncio.to_thread(addresses, *containers)
        ready = [_is_ready(http, address, port) for address, port in zip(at, _PORTS, strict=True)]
        told = dict(zip((*AUTH, *API), await asyncio.gather(*ready), strict=True))
        missing = [name for name, is_there in told.items() if not is_there]
        missing = missing or await refused(http, secrets.choice(readers))


async def _is_ready(http: httpx.AsyncClient, address: str, port: int) -> bool:
    try:
        reply = await http.get(f"http://{address}:{port}/ready", timeout=3)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return reply.status_code == 200
