"""A `/rerank` endpoint on loopback, answering what a test has written down for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.loopback import serving

Scene = Callable[[dict[str, Any]], Awaitable[Response]]


def score(question: str, passage: str) -> float:
    """Passages that say the question's last word fit, the shorter the better."""
    word = question.rsplit(maxsplit=1)[-1].casefold().strip("?")
    return (word in passage.casefold()) / len(passage)


def ranks(member: str = "results", *, documents: str = "documents") -> Scene:
    """Answer as Cohere, Jina and vLLM do, or, with `data`, as Voyage; best first."""

    async def scene(body: dict[str, Any]) -> Response:
        if documents not in body:
            return JSONResponse({"message": "invalid request"}, 422)
        entries = [
            {"index": place, "relevance_score": score(body["query"], text)}
            for place, text in enumerate(body[documents])
        ]
        entries.sort(key=lambda entry: -entry["relevance_score"])
        return JSONResponse({member: entries, "id": "1"})

    return scene


async def ranks_texts(body: dict[str, Any]) -> Response:
    """Answer as Text Embeddings Inference does."""
    if "texts" not in body:
        return JSONResponse({"error": "missing field `texts`"}, 422)
    return JSONResponse(
        [
            {"index": place, "score": score(body["query"], text)}
            for place, text in enumerate(body["texts"])
        ]
    )


def sends_bytes(content: bytes) -> Scene:
    """Answer with what need not be JSON."""

    async def scene(_body: dict[str, Any]) -> Response:
        return Response(content, media_type="application/json")

    return scene


def sends(value: object, status: int = 200) -> Scene:
    """Answer with exactly this."""

    async def scene(_body: dict[str, Any]) -> Response:
        return JSONResponse(value, status)

    return scene


async def hangs(_body: dict[str, Any]) -> Response:
    """Answer when nobody waits any more."""
    await asyncio.sleep(2)
    return JSONResponse({})


@dataclass
class ScriptedReranker:
    """What the endpoint does next, and what it was asked.

    Attributes:
        scene: What it does.
        url: To be set as RERANKER.
        requests: Body of each request so far.
        keys: The Authorization header of each.
    """

    scene: Scene = field(default_factory=ranks)
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@asynccontextmanager
async def scripted_reranker() -> AsyncIterator[ScriptedReranker]:
    """Serve it for as long as the context lasts."""
    reranker = ScriptedReranker()

    async def play(request: Request) -> Response:
        body = await request.json()
        reranker.requests.append(body)
        reranker.keys.append(request.headers.get("authorization"))
        return await reranker.scene(body)

    async with serving(Starlette(routes=[Route("/rerank", play, methods=["POST"])])) as address:
        reranker.url = f"{address}/rerank"
        yield reranker
