"""LogDNA's ingestion endpoint on loopback: it reads the protocol, and answers as told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.loopback import serving

KEY = "ingestion-key-of-the-tests"


@dataclass
class ScriptedLogDna:
    """What it was sent, and what it answers.

    Attributes:
        url: To be set as LOGDNA_URL.
        lines: All it has taken, in the order they came.
        batches: How many lines each request held.
        raw: All of that as it was sent, but its headers.
        statuses: Answered next, one after another; then 200.
        pause: Set, it waits for it before it answers.
        asked: How often.
        reached: Set once it was asked.
        news: Told of each batch taken.
    """

    url: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    raw: str = ""
    statuses: list[int] = field(default_factory=list)
    pause: asyncio.Event | None = None
    asked: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def ingest(self, request: Request) -> Response:
        self.asked += 1
        body = await request.body()
        self.reached.set()
        if self.pause is not None:
            await self.pause.wait()
        if self.statuses:
            return Response(status_code=self.statuses.pop(0))
        if request.headers.get("apikey") != KEY:
            return Response(status_code=403)
        if not request.query_params.get("hostname") or len(body) > 10 * 1024 * 1024:
            return Response(status_code=400)
        assert request.headers["content-type"].startswith("application/json")
        self.raw += f"{request.url.query} {body.decode()}\n"
        lines = json.loads(body)["lines"]
        assert all({"line", "timestamp", "app"} <= line.keys() for line in lines)
        self.lines += lines
        self.batches.append(len(lines))
        async with self.news:
            self.news.notify_all()
        return Response('{"status":"ok"}', media_type="application/json")

    async def taken(self, lines: int) -> None:
        """Wait until it has taken so many lines."""
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(lambda: len(self.lines) >= lines)

    def told(self) -> list[dict[str, Any]]:
        """What the service said in the lines taken."""
        return [json.loads(line["line"]) for line in self.lines]


@asynccontextmanager
async def scripted_logdna(
    script: ScriptedLogDna | None = None, *, port: int = 0
) -> AsyncIterator[ScriptedLogDna]:
    """Serve the endpoint for as long as the context lasts."""
    script = script or ScriptedLogDna()
    app = Starlette(routes=[Route("/logs/ingest", script.ingest, methods=["POST"])])
    async with serving(app, port=port) as address:
        script.url = f"{address}/logs/ingest"
        try:
            yield script
        finally:
            if script.pause is not None:
                script.pause.set()
