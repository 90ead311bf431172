"""A service as a process of its own, started as a user starts it, and what it holds."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from tests.auth_service.service import (
    COOKIE_SECRET,
    ORIGIN,
    TOKEN_SECRET,
    bare_environment,
)
from tests.loopback import free_port

_SETTINGS = {
    "auth_service": {"BETTER_AUTH_SECRET": COOKIE_SECRET, "TRUSTED_ORIGINS": ORIGIN},
    "api_service": {},
}
_PORTS = {"auth_service": "AUTH_SERVER_PORT", "api_service": "API_SERVER_PORT"}


@dataclass(frozen=True, slots=True)
class Left:
    """What a process holds, or the difference of two such.

    Attributes:
        tasks: Of its event loop.
        files: Files and sockets.
        megabytes: Resident memory.
    """

    tasks: int
    files: int
    megabytes: float

    def less(self, other: "Left") -> "Left":
        """Return what there is more than there was."""
        more = self.megabytes - other.megabytes
        return Left(self.tasks - other.tasks, self.files - other.files, more)


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A service that runs.

    Attributes:
        pid: Its process.
        address: Where it is asked.
        metrics: Where it tells its metrics.
        log: What it has printed.
    """

    pid: int
    address: str
    metrics: str
    log: Path

    async def counted(self, series: str) -> float:
        """Return what it tells Prometheus of a series."""
        async with httpx.AsyncClient() as http:
            lines = (await http.get(self.metrics)).text.splitlines()
        (value,) = (line.split()[1] for line in lines if line.startswith(f"{series} "))
        return float(value)

    async def held(self) -> Left:
        """Return what it holds now."""
        tasks = await self.counted("event_loop_tasks")
        proc = Path(f"/proc/{self.pid}")
        status = (proc / "status").read_text().splitlines()
        (resident,) = (int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
        return Left(int(tasks), len(list((proc / "fd").iterdir())), resident / 1024)


@asynccontextmanager
async def service_process(
    module: Literal["auth_service", "api_service"], folder: Path, **settings: str
) -> AsyncIterator[ServiceProcess]:
    """Run a service until the block is left; yields it once it answers."""
    port, metrics = free_port(), free_port()
    environment = {
        "HOME": os.environ.get("HOME", ""),
        "JWT_SECRET": TOKEN_SECRET,
        **bare_environment(**_SETTINGS[module]),
        _PORTS[module]: str(port),
        "METRICS_PORT": str(metrics),
        "RATE_LIMIT": "off",
        "DATA_DIR": str(folder / "data"),
        **settings,
    }
    log = folder / f"{module}.log"
    with log.open("w") as printed:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            cwd=folder,
            env=environment,
            stdout=printed,
            stderr=printed,
        )
    at = "http://127.0.0.1"
    service = ServiceProcess(process.pid, f"{at}:{port}", f"{at}:{metrics}/metrics", log)
    try:
        await _answering(service, process)
        yield service
    finally:
        process.terminate()
        async with asyncio.timeout(30):
            await process.wait()


async def _answering(service: ServiceProcess, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient(timeout=5) as http, asyncio.timeout(60):
        while True:
            assert process.returncode is None, service.log.read_text()
            try:
                await http.get(f"{service.address}/health")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
