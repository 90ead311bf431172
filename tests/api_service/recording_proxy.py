"""A proxy in front of a Qdrant server that passes everything on, and remembers what was asked."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.loopback import serving


@dataclass
class Recording:
    """What was asked through the proxy.

    Attributes:
        url: To be set as QDRANT_URL.
        requests: Method, path and body of each request so far.
    """

    url: str = ""
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def bodies(self, method: str, ending: str) -> list[dict[str, Any]]:
        return [
            body for each, path, body in self.requests if each == method and path.endswith(ending)
        ]


@asynccontextmanager
async def recording_proxy(target: str) -> AsyncIterator[Recording]:
    """Serve it for as long as the context lasts."""
    recording = Recording()
    async with httpx.AsyncClient(base_url=target, timeout=30) as onward:

        async def handle(request: Request) -> Response:
            raw = await request.body()
            path = request.url.path
            recording.requests.append((request.method, path, json.loads(raw) if raw else {}))
            reply = await onward.request(
                request.method,
                path,
                params=dict(request.query_params),
                content=raw,
                headers={"content-type": "application/json"},
            )
            return Response(reply.content, reply.status_code, media_type="application/json")

        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        app = Starlette(routes=[Route("/{path:path}", handle, methods=methods)])
        async with serving(app) as recording.url:
            yield recording
