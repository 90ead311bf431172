"""An auth-service whose feed says what a test wants, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.loopback import serving


def entry(kind: str, value: str, *, not_before: int | None = None, until: float = 4e9) -> object:
    return {"kind": kind, "value": value, "notBefore": not_before, "until": until}


def page(*entries: object, last: str = "1-1", anew: bool = False, more: bool = False) -> Response:
    return JSONResponse({"entries": entries, "last": last, "anew": anew, "more": more})


@dataclass
class ScriptedFeed:
    """What it is asked, and what it will answer: the replies in their order, then the last.

    Attributes:
        replies: To come; None hangs until the test is over.
        asked: `after` of each question.
    """

    replies: list[Response | None]
    asked: list[str | None] = field(default_factory=list)
    address: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.query_params.get("after"))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply is None:
            await self.over.wait()
        return reply or Response(status_code=503)


@asynccontextmanager
async def scripted_feed(*replies: Response | None) -> AsyncIterator[ScriptedFeed]:
    feed = ScriptedFeed(list(replies))
    app = Starlette(routes=[Route("/internal/revocations", feed.answer)])
    async with serving(app) as address:
        feed.address = address
        try:
            yield feed
        finally:
            feed.over.set()
