import asyncio
import time

import httpx
from fastapi import FastAPI

from service_kit.health import PROBE_SECONDS, Probe, health_routes
from tests.service_kit.asgi import client


def service(**probes: Probe) -> FastAPI:
    app = FastAPI()
    app.include_router(health_routes("test-service", lambda _request: probes))
    return app


async def answers() -> None:
    return


async def fails() -> None:
    raise ConnectionRefusedError("at an address nobody needs to know")


async def hangs() -> None:
    await asyncio.sleep(60)


async def ask(app: FastAPI, path: str) -> httpx.Response:
    async with client(app) as http:
        return await http.get(path)


async def test_health_names_the_service_and_asks_nobody() -> None:
    reply = await ask(service(database=fails), "/health")

    assert reply.status_code == 200
    assert reply.text == '{"status":"healthy","service":"test-service"}'


async def test_a_service_is_ready_when_all_it_depends_on_answers() -> None:
    reply = await ask(service(database=answers, index=answers), "/ready")

    assert reply.status_code == 200
    assert reply.json() == {
        "status": "ready",
        "service": "test-service",
        "dependencies": {"database": "ok", "index": "ok"},
    }


async def test_a_dependency_that_fails_is_named_without_its_error() -> None:
    reply = await ask(service(database=fails, index=answers), "/ready")

    assert reply.status_code == 503
    assert reply.json()["dependencies"] == {"database": "unavailable", "index": "ok"}
    assert "address" not in reply.text


async def test_a_service_is_ready_without_what_it_does_not_need_and_says_so() -> None:
    app = FastAPI()
    probes = {"database": answers, "mail": fails}
    app.include_router(health_routes("test-service", lambda _: probes, optional={"mail"}))
    reply = await ask(app, "/ready")

    assert (reply.status_code, reply.json()["status"]) == (200, "ready")
    assert reply.json()["dependencies"] == {"database": "ok", "mail": "unavailable"}


async def test_a_dependency_that_hangs_is_given_up_on() -> None:
    started = time.monotonic()
    reply = await ask(service(database=hangs), "/ready")

    assert reply.status_code == 503
    assert time.monotonic() - started < PROBE_SECONDS + 2
