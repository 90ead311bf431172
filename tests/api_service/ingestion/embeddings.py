"""An embedding model that fails, falls silent or takes its time, as a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from tests.api_service.scripted_openai import ScriptedOpenAI, embeds, refuses, scripted_openai

DIMENSIONS = 4


@dataclass
class Embeddings:
    """What the model was asked, and what it shall do.

    Attributes:
        url: To be given as OPENAI_BASE_URL.
        texts: Every text it made a vector of.
        requests: Requests so far.
        most_at_once: Most requests that were under way at one time.
        seconds: How long each answer takes.
        fail_after: Requests it answers before it refuses every one; None for no end.
        stall_after: Requests it answers before it falls silent until `go_on` is set.
        stalled: Set when it has fallen silent.
    """

    url: str = ""
    texts: list[str] = field(default_factory=list)
    requests: int = 0
    most_at_once: int = 0
    seconds: float = 0.0
    fail_after: int | None = None
    stall_after: int | None = None
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: int = 0

    async def answer(self, openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        self.requests += 1
        number = self.requests
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        await asyncio.sleep(self.seconds)
        if self.stall_after is not None and number > self.stall_after:
            self.stalled.set()
            await self.go_on.wait()
        self._under_way -= 1
        if self.fail_after is not None and number > self.fail_after:
            return await refuses(401)(openai, body)
        self.texts += body["input"]
        return await embeds(DIMENSIONS)(openai, body)


@asynccontextmanager
async def embeddings_model() -> AsyncIterator[Embeddings]:
    """Serve it over HTTP for as long as the context lasts."""
    async with scripted_openai() as openai:
        model = Embeddings(url=openai.base_url)
        openai.embeddings = model.answer
        yield model
        model.go_on.set()
