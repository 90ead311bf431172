"""Faults of OpenAI's API on loopback: servers that are slow, silent, broken or gone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.api_service.scripted_openai import (
    STREAM,
    Scene,
    ScriptedOpenAI,
    chunk,
    event,
    refuses,
    sends,
)


def drips(*pieces: str, seconds: float) -> Scene:
    """Stream these pieces, each after a pause; `abandoned` is set when the client leaves."""

    async def scene(openai: ScriptedOpenAI, _body: dict[str, Any]) -> Response:
        async def events() -> AsyncIterator[str]:
            for piece in pieces:
                await asyncio.sleep(seconds)
                yield event({"content": piece})
            yield event({}, "stop")
            yield "data: [DONE]\n\n"

        return _Left(openai, events())

    return scene


class _Left(StreamingResponse):
    """A stream that sets `abandoned` when the client leaves before its end."""

    def __init__(self, openai: ScriptedOpenAI, events: AsyncIterator[str]) -> None:
        self._openai = openai
        self._complete = False

        async def whole() -> AsyncIterator[str]:
            async for each in events:
                yield each
            self._complete = True

        super().__init__(whole(), media_type=STREAM)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if not self._complete:
                self._openai.abandoned.set()


def hangs(seconds: float = 60.0, then: Scene | None = None) -> Scene:
    """Send nothing, not even a status, for so long; then an answer, where there is one."""

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        openai.reached.set()
        return _Silence(openai, seconds, await (then or refuses(500))(openai, body))

    return scene


class _Silence(Response):
    """A response that begins late; `abandoned` is set when the client leaves before."""

    def __init__(self, openai: ScriptedOpenAI, seconds: float, then: Response) -> None:
        super().__init__()
        self._openai = openai
        self._seconds = seconds
        self._then = then

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            await self._then(scope, receive, send)
        else:
            self._openai.abandoned.set()


def breathes(*pieces: str) -> Scene:
    """Stream these pieces, then comments alone, which keep a connection and say nothing."""

    async def scene(openai: ScriptedOpenAI, _body: dict[str, Any]) -> Response:
        async def events() -> AsyncIterator[str]:
            for piece in pieces:
                yield event({"content": piece})
            while True:
                yield ": still here\n\n"
                await asyncio.sleep(0.05)

        return _Left(openai, events())

    return scene


def garbles(*pieces: str) -> Scene:
    """Stream these pieces, then an event that is no JSON."""
    events = [event({"content": piece}) for piece in pieces]
    return sends("".join([*events, 'data: {"choices": [{"delta"\n\n']), STREAM)


def chooses_nothing(*pieces: str) -> Scene:
    """Stream events whose list of choices is empty, around and between these pieces."""
    empty = chunk(choices=[])
    events = [empty]
    for piece in pieces:
        events += [event({"content": piece}), empty]
    ending = [event({}, "stop")] if pieces else []
    return sends("".join([*events, *ending, "data: [DONE]\n\n"]), STREAM)


def in_turn(*scenes: Scene) -> Scene:
    """Play one after the other, a request each; the last of them from then on."""
    left = list(scenes)

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        return await (left.pop(0) if len(left) > 1 else left[0])(openai, body)

    return scene


def by_model(scenes: Mapping[str, Scene]) -> Scene:
    """Play the scene of the model that is asked."""

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        return await scenes[body["model"]](openai, body)

    return scene


@asynccontextmanager
async def cutting() -> AsyncIterator[ScriptedOpenAI]:
    """Serve nobody: each connection is cut when the first bytes of its request have come."""
    openai = ScriptedOpenAI()

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        openai.requests.append(("", {}))
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        openai.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield openai
