"""`/health`: I am alive. `/ready`: what I depend on answers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

log = structlog.get_logger(__name__)

PROBE_SECONDS = 2.0

Probe = Callable[[], Awaitable[object]]
"""Asks one dependency for a sign of life; raises when there is none."""

Details = Callable[[Request], dict[str, dict[str, str | int | float | None]]]
"""Tells what dependencies say of themselves beyond that; a name and a value each."""


class Health(BaseModel):
    """The process answers; nothing it depends on was asked."""

    status: Literal["healthy"] = "healthy"
    service: str


class Readiness(BaseModel):
    """Whether every dependency needed answered within PROBE_SECONDS; and what else is to be said.

    Attributes:
        details: Of dependencies that have more to say of themselves.
    """

    status: Literal["ready", "unavailable"]
    service: str
    dependencies: dict[str, Literal["ok", "unavailable"]]
    details: dict[str, dict[str, str | int | float | None]] | None = None


def health_routes(
    service: str,
    probes: Callable[[Request], Mapping[str, Probe]],
    *,
    optional: Collection[str] = (),
    details: Details | None = None,
) -> APIRouter:
    """Return `/health` and `/ready` of a service.

    Args:
        service: The service's name, as it says it of itself.
        probes: Finds the dependencies to ask in the running application; asked together.
        optional: Dependencies that are shown, and without which the service is ready all the same.
        details: Finds what else `/ready` says.
    """
    router = APIRouter(tags=["health"])

    @router.get("/health")
    async def health() -> Health:
        return Health(service=service)

    @router.get("/ready", responses={503: {"model": Readiness}}, response_model_exclude_unset=True)
    async def ready(request: Request, response: Response) -> Readiness:
        asked = probes(request)
        answers = await asyncio.gather(*(_answers(name, probe) for name, probe in asked.items()))
        states: dict[str, Literal["ok", "unavailable"]] = {
            name: "ok" if answered else "unavailable"
            for name, answered in zip(asked, answers, strict=True)
        }
        known = {"details": said} if details is not None and (said := details(request)) else {}
        if all(state == "ok" or name in optional for name, state in states.items()):
            return Readiness(status="ready", service=service, dependencies=states, **known)
        response.status_code = 503
        return Readiness(status="unavailable", service=service, dependencies=states, **known)

    return router


async def _answers(name: str, probe: Probe) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe()
    except Exception as error:  # noqa: BLE001 -- whatever a dependency fails with, it is not ready
        log.warning("dependency_unavailable", dependency=name, error=type(error).__name__)
        return False
    return True
