"""`/health`: I am alive. `/health/serving`: I am not stopping. `/ready`: what I depend on answers.

A service starts without what it depends on, says what it waits for, and is ready when it is there.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from service_kit.stopping import is_stopping

log = structlog.get_logger(__name__)

PROBE_SECONDS = 2.0

FRESH_SECONDS = 2.0
"""How long an answer of a dependency is told again: many may ask, and each would be a query."""

REMIND_SECONDS = 30.0
"""How often a service that waits says so again."""

Probe = Callable[[], Awaitable[object]]
"""Asks one dependency for a sign of life; raises when there is none."""

Details = Callable[[Request], dict[str, dict[str, str | int | float | None]]]
"""Tells what dependencies say of themselves beyond that; a name and a value each."""

State = Literal["ok", "unavailable"]


class Health(BaseModel):
    """The process answers; nothing it depends on was asked."""

    status: Literal["healthy"] = "healthy"
    service: str


class Serving(BaseModel):
    """Whether callers should be sent here, as far as that is this process's own matter."""

    status: Literal["serving", "draining"]
    service: str


class Readiness(BaseModel):
    """Whether every dependency needed answered within PROBE_SECONDS; and what else is to be said.

    Attributes:
        status: "starting" until it has been ready once, "draining" from when it is told to stop.
        age_seconds: How long ago each dependency was asked, FRESH_SECONDS at most.
        details: Of dependencies that have more to say of themselves.
    """

    status: Literal["starting", "ready", "unavailable", "draining"]
    service: str
    dependencies: dict[str, State]
    age_seconds: dict[str, float]
    details: dict[str, dict[str, str | int | float | None]] | None = None


def health_routes(
    service: str,
    probes: Callable[[Request], Mapping[str, Probe]],
    *,
    optional: Collection[str] = (),
    details: Details | None = None,
) -> APIRouter:
    """Return `/health`, `/health/live`, `/health/serving` and `/ready` of a service.

    Args:
        service: The service's name, as it says it of itself.
        probes: Finds the dependencies to ask in the running application; asked together.
        optional: Dependencies that are shown, and without which the service is ready all the same.
        details: Finds what else `/ready` says.
    """
    router = APIRouter(tags=["health"])
    readings = Readings()
    has_been_ready = False

    # Monitors of others ask by HEAD.
    @router.head("/health", include_in_schema=False)
    @router.head("/health/live", include_in_schema=False)
    @router.get("/health")
    @router.get("/health/live")
    async def health() -> Health:
        return Health(service=service)

    @router.head("/health/serving", include_in_schema=False)
    @router.get("/health/serving", responses={503: {"model": Serving}})
    async def serving(request: Request, response: Response) -> Serving:
        if is_stopping(request.scope.get("state", {})):
            response.status_code = 503
            return Serving(status="draining", service=service)
        return Serving(status="serving", service=service)

    @router.head("/ready", include_in_schema=False)
    @router.get("/ready", responses={503: {"model": Readiness}}, response_model_exclude_unset=True)
    async def ready(request: Request, response: Response) -> Readiness:
        nonlocal has_been_ready
        read = await readings.of(probes(request))
        known = {"details": said} if details is not None and (said := details(request)) else {}
        answers = all(each.state == "ok" or name in optional for name, each in read.items())
        has_been_ready = has_been_ready or answers
        away: Literal["starting", "unavailable"] = "unavailable" if has_been_ready else "starting"
        draining = is_stopping(request.scope.get("state", {}))
        if draining or not answers:
            response.status_code = 503
        now = time.monotonic()
        return Readiness(
            status="draining" if draining else "ready" if answers else away,
            service=service,
            dependencies={name: each.state for name, each in read.items()},
            age_seconds={name: round(now - each.at, 1) for name, each in read.items()},
            **known,
        )

    return router


@asynccontextmanager
async def announced(probes: Mapping[str, Probe]) -> AsyncIterator[None]:
    """Say in the log what a service that starts waits for, and then that it is ready.

    Args:
        probes: What it is not ready without.
    """
    announcing = asyncio.create_task(_announce(probes))
    try:
        yield
    finally:
        announcing.cancel()
        await asyncio.gather(announcing, return_exceptions=True)


async def _announce(probes: Mapping[str, Probe]) -> None:
    started = time.monotonic()
    told: tuple[list[str], float] = ([], started)
    while away := [name for name, probe in probes.items() if not await _answers(name, probe)]:
        now = time.monotonic()
        if away != told[0] or now - told[1] >= REMIND_SECONDS:
            log.warning("service_waiting", waits_for=away, seconds=round(now - started))
            told = (away, now)
        await asyncio.sleep(FRESH_SECONDS)
    log.info("service_ready", seconds=round(time.monotonic() - started, 1))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a dependency answered, and when it was asked, in seconds of the monotonic clock."""

    state: State
    at: float


class Readings:
    """What dependencies answered last, each asked once for all who want to know together."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[Reading]] = {}

    async def of(self, probes: Mapping[str, Probe]) -> dict[str, Reading]:
        """Return a reading of each, FRESH_SECONDS old at most, in their order."""
        tasks = [self._reading(name, probe) for name, probe in probes.items()]
        # Whoever asked first may leave; the others still wait.
        read = await asyncio.gather(*(asyncio.shield(task) for task in tasks))
        return dict(zip(probes, read, strict=True))

    def _reading(self, name: str, probe: Probe) -> asyncio.Task[Reading]:
        task = self._under_way.get(name)
        if task is None or (task.done() and _is_old(task)):
            task = self._under_way[name] = asyncio.create_task(_read(name, probe))
        return task


def _is_old(task: asyncio.Task[Reading]) -> bool:
    return task.cancelled() or time.monotonic() - task.result().at >= FRESH_SECONDS


async def _read(name: str, probe: Probe) -> Reading:
    at = time.monotonic()
    return Reading("ok" if await _answers(name, probe) else "unavailable", at)


async def _answers(name: str, probe: Probe) -> bool:
    asking = asyncio.ensure_future(probe())
    try:
        done, _ = await asyncio.wait({asking}, timeout=PROBE_SECONDS)
        error = asking.exception() if done else TimeoutError()
    finally:
        # Whoever asks does not wait for what a driver does yet to give a question up.
        asking.add_done_callback(_nobody_wants)
        asking.cancel()
    if error is not None:  # whatever a dependency fails with, it is not ready
        log.warning("dependency_unavailable", dependency=name, error=type(error).__name__)
    return error is None


def _nobody_wants(asked: asyncio.Future[object]) -> None:
    """Take what a question that was given up has failed with, lest it be told as forgotten."""
    if not asked.cancelled():
        asked.exception()
