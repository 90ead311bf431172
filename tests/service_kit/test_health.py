import asyncio
import time

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from service_kit.health import FRESH_SECONDS, PROBE_SECONDS, Probe, health_routes
from service_kit.stopping import Stopping
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


async def lingers() -> None:
    """Hang, and take long to give up, as drivers do who would close a connection politely."""
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(4)
        raise ConnectionResetError


async def ask(app: FastAPI, path: str) -> httpx.Response:
    async with client(app) as http:
        return await http.get(path)


async def test_health_names_the_service_and_asks_nobody() -> None:
    for path in ("/health", "/health/live"):
        reply = await ask(service(database=fails), path)

        assert reply.status_code == 200
        assert reply.text == '{"status":"healthy","service":"test-service"}'


async def test_who_asks_by_head_is_told_the_same() -> None:
    app = service(database=fails)
    async with client(app) as http:
        told = {path: (await http.head(path)).status_code for path in app.openapi()["paths"]}

    assert told == {"/health": 200, "/health/live": 200, "/health/serving": 200, "/ready": 503}
    assert all(set(methods) == {"get"} for methods in app.openapi()["paths"].values())


async def test_a_proxy_is_told_to_send_callers_whatever_a_service_depends_on_does() -> None:
    reply = await ask(service(database=fails), "/health/serving")

    assert reply.status_code == 200
    assert reply.json() == {"status": "serving", "service": "test-service"}


async def test_a_service_is_ready_when_all_it_depends_on_answers() -> None:
    reply = await ask(service(database=answers, index=answers), "/ready")

    assert reply.status_code == 200
    assert reply.json() == {
        "status": "ready",
        "service": "test-service",
        "dependencies": {"database": "ok", "index": "ok"},
        "age_seconds": reply.json()["age_seconds"],
    }
    assert reply.json()["age_seconds"].keys() == {"database", "index"}


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


async def test_a_service_is_starting_until_it_has_been_ready_once() -> None:
    there = asyncio.Event()

    async def comes_and_goes() -> None:
        if not there.is_set():
            raise ConnectionRefusedError

    async with client(service(database=comes_and_goes)) as http:
        before = await http.get("/ready")
        there.set()
        await asyncio.sleep(FRESH_SECONDS)
        then = await http.get("/ready")
        there.clear()
        await asyncio.sleep(FRESH_SECONDS)
        after = await http.get("/ready")

    assert (before.status_code, before.json()["status"]) == (503, "starting")
    assert (then.status_code, then.json()["status"]) == (200, "ready")
    assert (after.status_code, after.json()["status"]) == (503, "unavailable")


@pytest.mark.parametrize("silent", [hangs, lingers])
async def test_a_dependency_that_hangs_is_given_up_on(silent: Probe) -> None:
    started = time.monotonic()
    reply = await ask(service(database=silent), "/ready")

    assert reply.status_code == 503
    assert time.monotonic() - started < PROBE_SECONDS + 2


async def test_many_who_ask_are_told_what_one_was_and_how_old_it_is() -> None:
    asked: list[float] = []
    age = -1.0
    away = False

    async def counts() -> None:
        asked.append(time.monotonic())
        await asyncio.sleep(0.05)
        if away:
            raise ConnectionRefusedError

    async with client(service(database=counts)) as http:
        first = await asyncio.gather(*(http.get("/ready") for _ in range(20)))
        away = True
        while (reply := await http.get("/ready")).status_code == 200:
            age = reply.json()["age_seconds"]["database"]
            await asyncio.sleep(0.05)

    assert {reply.status_code for reply in first} == {200}
    assert len(asked) == 2
    assert asked[1] - asked[0] >= FRESH_SECONDS
    assert 0 <= age <= FRESH_SECONDS


async def test_one_who_leaves_takes_nobodys_answer_along() -> None:
    async def takes_a_while() -> None:
        await asyncio.sleep(0.3)

    async with client(service(database=takes_a_while)) as http:
        leaving = asyncio.create_task(http.get("/ready"))
        await asyncio.sleep(0.1)
        staying = asyncio.create_task(http.get("/ready"))
        await asyncio.sleep(0.1)
        leaving.cancel()
        assert (await staying).status_code == 200


async def test_a_service_told_to_stop_is_not_ready_whatever_answers() -> None:
    app = service(database=answers)
    stopping = Stopping()

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"stopping": stopping}}, receive, send)

    async with client(told) as http:
        before, serving = await http.get("/ready"), await http.get("/health/serving")
        stopping.tell()
        after, health = await http.get("/ready"), await http.get("/health")
        leaving = await http.get("/health/serving")

    assert (before.status_code, before.json()["status"]) == (200, "ready")
    assert (after.status_code, after.json()["status"]) == (503, "draining")
    assert health.status_code == 200
    assert (serving.status_code, serving.json()["status"]) == (200, "serving")
    assert (leaving.status_code, leaving.json()["status"]) == (503, "draining")
