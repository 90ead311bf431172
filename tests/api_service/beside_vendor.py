"""A service that runs beside its vendor, and questions that leave nothing behind."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.api_service.book import ingest
from tests.api_service.left_behind import connections, nothing_left_behind, until
from tests.api_service.scripted_openai import Scene, ScriptedOpenAI, embeds, says, scripted_openai
from tests.api_service.service import make_settings, running_service

QUESTION = {"message": "What is an inertial measurement unit?"}
MODEL_AWAY = {
    "type": "/problems/model-unavailable",
    "title": "Model Unavailable",
    "status": 503,
    "detail": "The model that answers did not answer us.",
    "instance": "/v1/chat",
}
TOO_LATE = {
    "type": "/problems/deadline-exceeded",
    "title": "Deadline Exceeded",
    "status": 503,
    "detail": "The answer was not ready in time.",
    "instance": "/v1/chat",
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs beside its vendor."""

    http: httpx.AsyncClient
    openai: ScriptedOpenAI

    async def asked(self, *, models: int = 1) -> tuple[httpx.Response, float]:
        """Ask, and return the reply and the seconds it took; nothing is left behind."""
        async with nothing_left_behind(self.openai, models=models):
            began = time.monotonic()
            reply = await self.http.post("/v1/chat", json=QUESTION)
            return reply, time.monotonic() - began


async def ingested(folder: Path) -> Path:
    """Put the book into an index with vectors there, and return the folder."""
    async with scripted_openai() as openai:
        await ingest(make_settings(folder, openai=openai))
    return folder


@asynccontextmanager
async def service(
    book: Path,
    chat: Scene | None = None,
    *,
    embeddings: Scene | None = None,
    vendor: ScriptedOpenAI | None = None,
    **changes: object,
) -> AsyncIterator[Service]:
    """Start a service with these scenes; it has searched once, and embedded nothing since."""
    async with AsyncExitStack() as stack:
        openai = vendor
        if openai is None:
            openai = await stack.enter_async_context(scripted_openai())
        openai.chat = chat or says("It is a sensor [1].")
        settings = make_settings(book, openai=openai).model_copy(update=changes)
        async with running_service(settings) as http:
            assert (await http.get("/v1/search", params={"q": "gait"})).status_code == 200
            openai.embeddings = embeddings or embeds()
            openai.requests.clear()
            yield Service(http, openai)
        await until(lambda: connections(openai) == 0)


def chats(service: Service) -> int:
    """Return how often a language model has been asked."""
    return len(service.openai.asked("/chat/completions"))


def is_problem(reply: httpx.Response, problem: dict[str, object], retry_after: str) -> bool:
    name = reply.headers["X-Request-ID"]
    assert reply.status_code == problem["status"]
    assert reply.headers["Retry-After"] == retry_after
    assert reply.headers["Content-Type"] == "application/problem+json"
    trace = reply.headers["traceparent"].split("-")[1]
    assert reply.json() == {**problem, "request_id": name, "trace_id": trace}
    return True
