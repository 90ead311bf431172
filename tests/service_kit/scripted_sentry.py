"""Sentry's envelope endpoint on loopback: it reads the wire format, and answers as told."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.loopback import serving

KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class ScriptedSentry:
    """What it was sent, and what it answers.

    Attributes:
        dsn: To be set as SENTRY_DSN.
        events: All events it has taken.
        other: The items of envelopes that are no events, by type.
        raw: Everything it was sent, as text.
        status: What it answers.
        pause: Set, it waits for it before it answers.
        reached: Set once it was asked.
    """

    dsn: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    raw: str = ""
    status: int = 200
    pause: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.reached.set()
        if self.pause is not None:
            await self.pause.wait()
        assert f"sentry_key={KEY}" in request.headers["x-sentry-auth"]
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.raw += body.decode() + str(request.headers)
        for kind, item in items(body):
            if kind == "event":
                self.events.append(item)
            else:
                self.other.append(kind)
        return JSONResponse({}, status_code=self.status)


def items(envelope: bytes) -> list[tuple[str, Any]]:
    """Return the items of an envelope: a line of headers, then of each its headers and payload."""
    rest = envelope.partition(b"\n")[2]
    found = []
    while rest.strip():
        head, _, rest = rest.partition(b"\n")
        told = json.loads(head)
        length = told.get("length", len(rest.partition(b"\n")[0]))
        found.append((told["type"], json.loads(rest[:length])))
        rest = rest[length:].removeprefix(b"\n")
    return found


@asynccontextmanager
async def scripted_sentry() -> AsyncIterator[ScriptedSentry]:
    """Serve the endpoint for as long as the context lasts."""
    script = ScriptedSentry()
    app = Starlette(routes=[Route("/api/7/envelope/", script.take, methods=["POST"])])
    async with serving(app) as address:
        script.dsn = f"{address.replace('://', f'://{KEY}@')}/7"
        try:
            yield script
        finally:
            if script.pause is not None:
                script.pause.set()
