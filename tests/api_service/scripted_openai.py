"""OpenAI's API on loopback, answering what a test has written down for it.

A scene plays one reply, streamed or whole as it was asked for; more of them, with the faults that
servers and networks have, are in `scripted_faults`.
"""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api_service.embedders.bm25 import query_terms
from tests.loopback import serving

DIMENSIONS = 1536

STREAM = "text/event-stream"

Scene = Callable[["ScriptedOpenAI", dict[str, Any]], Awaitable[Response]]


def says(*pieces: str, finish: str | None = "stop", usage: tuple[int, int] | None = None) -> Scene:
    """Answer in these pieces, as a chat model does.

    Args:
        pieces: Those of the answer.
        finish: Why it ends; None: it ends without a reason.
        usage: Tokens sent and answered, told where they are asked for.
    """

    async def scene(_openai: "ScriptedOpenAI", body: dict[str, Any]) -> Response:
        if not body.get("stream"):
            return JSONResponse(_completion("".join(pieces), finish, usage))

        async def events() -> AsyncIterator[str]:
            yield event({"role": "assistant", "content": ""})
            for piece in pieces:
                yield event({"content": piece})
            if finish:
                yield event({}, finish)
                if usage and body.get("stream_options", {}).get("include_usage"):
                    yield _usage_event(usage)
                yield "data: [DONE]\n\n"

        return StreamingResponse(events(), media_type=STREAM)

    return scene


def breaks_off(*pieces: str) -> Scene:
    """Stream these pieces, then cut the connection."""

    async def scene(_openai: "ScriptedOpenAI", _body: dict[str, Any]) -> Response:
        async def events() -> AsyncIterator[str]:
            for piece in pieces:
                yield event({"content": piece})
            raise ConnectionAbortedError

        return StreamingResponse(events(), media_type=STREAM)

    return scene


def says_then_hangs(*pieces: str) -> Scene:
    """Stream these pieces, then say nothing more; `abandoned` is set when the client leaves."""

    async def scene(openai: "ScriptedOpenAI", _body: dict[str, Any]) -> Response:
        async def events() -> AsyncIterator[str]:
            try:
                for piece in pieces:
                    yield event({"content": piece})
                openai.reached.set()
                await asyncio.sleep(60)
            finally:
                openai.abandoned.set()

        return StreamingResponse(events(), media_type=STREAM)

    return scene


def refuses(
    status: int,
    code: str = "some_code",
    headers: Mapping[str, str] | None = None,
    *,
    param: str | None = None,
) -> Scene:
    """Answer with an error of OpenAI's; retries, where the client makes them, come at once.

    Args:
        status: Of the reply.
        code: Which of OpenAI's errors it is.
        headers: Instead of those that ask for a retry at once.
        param: Which part of the request is refused, where it is one.
    """

    async def scene(_openai: "ScriptedOpenAI", _body: dict[str, Any]) -> Response:
        error = {
            "message": "vendor-internal-words",
            "type": "some_type",
            "param": param,
            "code": code,
        }
        wait = {"retry-after-ms": "1"} if headers is None else headers
        return JSONResponse({"error": error}, status, headers=dict(wait))

    return scene


def sends(body: str, media_type: str = "application/json") -> Scene:
    """Answer with exactly this."""

    async def scene(_openai: "ScriptedOpenAI", _body: dict[str, Any]) -> Response:
        return Response(body, media_type=media_type)

    return scene


def after(seconds: float, scene: Scene) -> Scene:
    """Do as the scene does, but later."""

    async def slow(openai: "ScriptedOpenAI", body: dict[str, Any]) -> Response:
        await asyncio.sleep(seconds)
        return await scene(openai, body)

    return slow


def embeds(dimensions: int = DIMENSIONS) -> Scene:
    """Return vectors that are near when texts share terms, as OpenAI encodes them, unordered."""

    async def scene(_openai: "ScriptedOpenAI", body: dict[str, Any]) -> Response:
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64.b64encode(
                    struct.pack(f"<{dimensions}f", *vector_of(text, dimensions))
                ).decode(),
            }
            for index, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return JSONResponse(
            {"object": "list", "data": data[::-1], "model": body["model"], "usage": usage}
        )

    return scene


def vector_of(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    vector = [0.0] * dimensions
    vector[0] = 0.1
    for term in query_terms(text).indices:
        vector[term % dimensions] += 1.0
    return vector


async def lists_models(_openai: "ScriptedOpenAI", _body: dict[str, Any]) -> Response:
    return JSONResponse({"object": "list", "data": []})


@dataclass
class ScriptedOpenAI:
    """What the server does next, and what it was asked.

    Attributes:
        base_url: To be set as OPENAI_BASE_URL.
        requests: Path and body of each request so far.
        reached: Set when a hanging scene hangs.
        abandoned: Set when the client left a hanging scene.
        under_way: How many requests are being answered; 0 where nothing has leaked.
    """

    chat: Scene = field(default_factory=lambda: says("Hello."))
    embeddings: Scene = field(default_factory=embeds)
    models: Scene = lists_models
    base_url: str = ""
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0

    def asked(self, path: str) -> list[dict[str, Any]]:
        return [body for each, body in self.requests if each == path]


@asynccontextmanager
async def scripted_openai() -> AsyncIterator[ScriptedOpenAI]:
    """Serve it for as long as the context lasts."""
    openai = ScriptedOpenAI()

    async def play(request: Request) -> Response:
        raw = await request.body()
        body = json.loads(raw) if raw else {}
        path = request.url.path.removeprefix("/v1")
        openai.requests.append((path, body))
        scenes = {
            "/chat/completions": openai.chat,
            "/embeddings": openai.embeddings,
            "/models": openai.models,
        }
        return await scenes[path](openai, body)

    app = Starlette(routes=[Route("/v1/{path:path}", play, methods=["GET", "POST"])])
    async with serving(_counting(app, openai)) as address:
        openai.base_url = f"{address}/v1"
        yield openai


def _counting(app: ASGIApp, openai: ScriptedOpenAI) -> ASGIApp:
    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        openai.under_way += 1
        try:
            await app(scope, receive, send)
        finally:
            openai.under_way -= 1

    return counted


def event(delta: dict[str, str], finish: str | None = None) -> str:
    """Return an event of a stream: what it adds to the message, and why that ends."""
    return chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def _usage_event(usage: tuple[int, int]) -> str:
    return chunk(choices=[], usage=_usage(usage))


def chunk(**members: object) -> str:
    """Return an event of a stream with these members beside those that all have."""
    data = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-mini",
        **members,
    }
    return f"data: {json.dumps(data)}\n\n"


def _completion(text: str, finish: str | None, usage: tuple[int, int] | None) -> dict[str, object]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": _usage(usage or (0, 0)),
    }


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    sent, answered = usage
    return {
        "prompt_tokens": sent,
        "completion_tokens": answered,
        "total_tokens": sent + answered,
    }
