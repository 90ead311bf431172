"""Small ASGI applications and a client for them, for testing one middleware at a time."""

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def crash(request: Request) -> Response:
    raise RuntimeError(request.query_params["words"])


def application() -> Starlette:
    return Starlette(
        routes=[
            Route("/echo", echo, methods=["GET", "POST"]),
            Route("/tokens/{token}", echo),
            Route("/crash", crash),
        ]
    )


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://test"
    )
