"""Both services under a little load, beside a scripted vendor, collected by a real Prometheus."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api_service.circuit_breaker import FAILURES
from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.book import ingest
from tests.api_service.scripted_openai import (
    Scene,
    ScriptedOpenAI,
    after,
    refuses,
    says,
    scripted_openai,
)
from tests.api_service.service import make_settings
from tests.auth_service.service import ORIGIN, PASSWORD
from tests.contract import replicas
from tests.loopback import free_port
from tests.ops.prometheus_server import Prometheus, collecting

LIMIT = 40
"""Questions and searches of one reader a minute."""

ASKED = (
    "What is a lidar?",
    "What is an inertial measurement unit?",
    "What is a gait?",
    "How do I create a ROS 2 node?",
    "What is a soufflé?",
)
FORGED = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmVkLWJ5LW5vYm9keS1hdC1hbGwtMDAwMDAwMDA"


def right() -> Scene:
    """Answer after a while, from the first source and beyond it."""
    answer = says(
        "A lidar measures distance by timing light [1]. ",
        "It was invented by a baker in Lisbon [1].",
        usage=(1200, 60),
    )
    return after(0.05, answer)


@dataclass(frozen=True, slots=True)
class Site:
    """A site that is collected.

    Attributes:
        auth: Address of auth-service.
        api: Address of api-service.
        openai: Its vendor.
        prometheus: What collects both.
        began: When, in seconds since 1970.
    """

    auth: str
    api: str
    openai: ScriptedOpenAI
    prometheus: Prometheus
    began: float


@asynccontextmanager
async def monitored(folder: Path, *, every: str = "1s") -> AsyncIterator[Site]:
    """Run all of it until the block is left."""
    ports = {"auth-service": str(free_port()), "api-service": str(free_port())}
    targets = {job: f"127.0.0.1:{port}" for job, port in ports.items()}
    async with scripted_openai() as openai:
        data = folder / "data"
        await ingest(make_settings(data, openai=openai))
        openai.chat = right()
        with ExitStack() as stack:
            prometheus = stack.enter_context(collecting(folder, targets, every=every))
            server = stack.enter_context(running_postgres(folder / "postgres", durable=False))
            await asyncio.to_thread(migrate, server.url)  # runs a loop of its own
            auth = stack.enter_context(
                replicas.auth_service(
                    folder,
                    server.url,
                    MAIL_URL="off",
                    RATE_LIMIT="on",
                    AUTH_RATE_LIMIT="100000/minute",
                    CREDENTIAL_RATE_LIMIT="100000/minute",
                    AUTH_METRICS_PORT=ports["auth-service"],
                )
            )
            api = stack.enter_context(
                replicas.api_service(
                    folder,
                    auth,
                    DATA_DIR=str(data),
                    OPENAI_API_KEY="sk-scripted",
                    OPENAI_BASE_URL=openai.base_url,
                    LLM_PRICE="0.15/0.60",
                    CHAT_RATE_LIMIT=f"{LIMIT}/minute",
                    API_METRICS_PORT=ports["api-service"],
                )
            )
            yield Site(auth, api, openai, prometheus, time.time())


async def used(site: Site, seconds: float, *, readers: int = 2) -> None:
    """Use the site for so long: three quarters well, then with a vendor that refuses our key."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as people:
        for number in range(readers):
            people.create_task(_reader(site, f"reader-{number}@example.com", until))
        people.create_task(_guesser(site, until))
        people.create_task(_hoarder(site))
        await asyncio.sleep(seconds * 0.7)
        site.openai.chat = refuses(401)
        await _asked_in_vain(site)
        await asyncio.sleep(seconds * 0.2)
        site.openai.chat = right()


async def _signed_up(site: Site, http: httpx.AsyncClient, email: str) -> dict[str, str]:
    body = {"name": "Mina", "email": email, "password": PASSWORD}
    (await http.post(f"{site.auth}/api/auth/sign-up/email", json=body)).raise_for_status()
    token = (await http.get(f"{site.auth}/api/auth/jwt")).raise_for_status().json()["token"]
    return {"authorization": f"Bearer {token}"}


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(headers={"origin": ORIGIN}, timeout=30)


async def _reader(site: Site, email: str, until: float) -> None:
    """Sign in, look at pages, ask; more slowly than the limit allows."""
    number = 0
    async with _client() as http:
        headers = await _signed_up(site, http, email)
        while time.monotonic() < until:
            for _ in range(10):
                await http.get(f"{site.auth}/api/auth/get-session")
                await asyncio.sleep(0.02)
            body = {"email": email, "password": PASSWORD}
            await http.post(f"{site.auth}/api/auth/sign-in/email", json=body)
            path = "/v1/chat/stream" if number % 2 else "/v1/chat"
            question = {"message": ASKED[number % len(ASKED)]}
            await http.post(f"{site.api}{path}", json=question, headers=headers)
            await http.get(f"{site.api}/v1/me", headers={"authorization": f"Bearer {FORGED}"})
            number += 1
            await asyncio.sleep(0.2)


async def _guesser(site: Site, until: float) -> None:
    async with _client() as http:
        while time.monotonic() < until:
            body = {"email": "reader-0@example.com", "password": "not the password"}
            await http.post(f"{site.auth}/api/auth/sign-in/email", json=body)
            await asyncio.sleep(0.5)


async def _asked_in_vain(site: Site) -> None:
    """Ask until the model is left alone for a while."""
    async with _client() as http:
        headers = await _signed_up(site, http, "patient@example.com")
        for _ in range(FAILURES):
            body = {"message": ASKED[0]}
            await http.post(f"{site.api}/v1/chat", json=body, headers=headers)


async def _hoarder(site: Site) -> None:
    """Search for more than one reader may."""
    async with _client() as http:
        headers = await _signed_up(site, http, "hoarder@example.com")
        for _ in range(LIMIT + 10):
            await http.get(f"{site.api}/v1/search", params={"q": "lidar"}, headers=headers)
            await asyncio.sleep(0.05)
