"""What readers of the book ask of api-service, and what they are answered."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.api_service.service import make_token
from tests.auth_service.service import TOKEN_SECRET
from tests.faults.cells import Site, told
from tests.faults.service_process import ServiceProcess, service_process

QUESTION = {"message": "What is an inertial measurement unit?"}


@asynccontextmanager
async def api_process(folder: Path, **settings: str) -> AsyncIterator[ServiceProcess]:
    """Run api-service, which hears of no auth-service, until the block is left."""
    async with service_process("api_service", folder, REVOCATIONS="off", **settings) as service:
        yield service


def reading(service: ServiceProcess) -> httpx.AsyncClient:
    """Return a client that keeps no connection and has a valid token."""
    return httpx.AsyncClient(
        base_url=service.address,
        headers={"authorization": f"Bearer {make_token(TOKEN_SECRET)}"},
        timeout=90,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


async def chat(site: Site) -> str:
    """Ask; return who has answered, and how its sources were found."""
    reply = await site.http.post("/v1/chat", json=QUESTION)
    if not reply.is_success:
        return told(reply)
    body = reply.json()
    return f"200 {body['mode']}, {body['retrieval']}"


async def stream(site: Site) -> str:
    """Ask for a stream; return how far it came, and how it ended."""
    reply = await site.http.post("/v1/chat/stream", json=QUESTION)
    if not reply.is_success:
        return told(reply)
    events = re.findall("^event: (.*)$", reply.text, re.MULTILINE)
    began = "words" if "delta" in events else "sources"
    if events[-1] != "error":
        return f"200, {began}, {events[-1]}"
    body = json.loads(reply.text.strip().rpartition("data: ")[2])
    assert body["retryable"], "an error without a hint that asking again may help"
    assert body["retry_after"] > 0
    name = body["type"].removeprefix("/problems/")
    return f"200, {began}, error {name}"


async def search(site: Site) -> str:
    """Search; return by what the passages were found."""
    reply = await site.http.get("/v1/search", params={"q": "What is a gait?"})
    return f"200 {reply.json()['retrieval']}" if reply.is_success else told(reply)
