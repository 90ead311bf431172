"""The service as tests run it: real in everything but the clock, which they turn."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from starlette.types import ASGIApp, Receive, Scope, Send

from auth_service.app import create_app
from auth_service.database.reader import Reader
from auth_service.resources import Resources, open_resources
from auth_service.settings import Settings

CHECKOUT = Path(__file__).parents[2]
COOKIE_SECRET = "conformance-secret-0123456789abcdefghij"
TOKEN_SECRET = "conformance-of-tokens-0123456789abcdefgh"
ORIGIN = "http://localhost:3000"
PASSWORD = "correct horse battery"
COOKIE = "better-auth.session_token"


class TurnedClock:
    """Stands still until a test advances it."""

    def __init__(self) -> None:
        self.reset()

    def __call__(self) -> datetime:
        return self.moment

    def reset(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Service:
    """A running service, a client of it that keeps no cookies, and its clock."""

    client: httpx.AsyncClient
    resources: Resources
    clock: TurnedClock

    async def sign_up(self, email: str = "mina@example.com", **members: object) -> httpx.Response:
        body = {"name": "Mina", "email": email, "password": PASSWORD, **members}
        return await self.client.post("/api/auth/sign-up/email", json=body)

    async def sign_in(self, email: str = "mina@example.com", **members: object) -> httpx.Response:
        body = {"email": email, "password": PASSWORD, **members}
        return await self.client.post("/api/auth/sign-in/email", json=body)

    async def get_session(self, cookie: str, query: str = "") -> httpx.Response:
        return await self.client.get(f"/api/auth/get-session{query}", headers={"cookie": cookie})

    async def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        async with self.resources.database.engine.begin() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def write(self, statement: str, **values: object) -> None:
        async with self.resources.database.engine.begin() as db:
            await db.execute(text(statement), values)


def make_settings(database_url: str, **overrides: object) -> Settings:
    """Settings of nothing but these values: the environment is not read."""
    return Settings.model_validate(
        {
            "DATABASE_URL": database_url,
            "BETTER_AUTH_SECRET": COOKIE_SECRET,
            "JWT_SECRET": TOKEN_SECRET,
            "TRUSTED_ORIGINS": ORIGIN,
            "RATE_LIMIT": "off",
            "OPENAPI": "on",
            **overrides,
        }
    )


class CountedReader(Reader):
    """Reads as the service's own does, and tells whoever counts what it reads."""

    def __init__(self, inner: Reader) -> None:
        self.inner = inner
        self.told: list[list[str]] = []

    async def row(self, statement: str, value: str) -> Sequence[Any] | None:
        for statements in self.told:
            statements.append(statement)
        return await self.inner.row(statement, value)

    def connections(self) -> tuple[int, int, int]:
        return self.inner.connections()


@asynccontextmanager
async def open_counted(settings: Settings, *, clock: TurnedClock) -> AsyncIterator[Resources]:
    async with open_resources(settings, clock=clock) as opened:
        yield replace(opened, reader=CountedReader(opened.reader))


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Service]:
    """Run the service in this process, lifespan included."""
    clock = TurnedClock()
    app = create_app(settings, open_resources=partial(open_counted, clock=clock))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        transport = httpx.ASGITransport(
            app=_with_state(app, dict(state)),
            raise_app_exceptions=False,
            client=("203.0.113.7", 4711),
        )
        keeps_none = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost:3001", cookies=keeps_none
        ) as client:
            yield Service(client, state["resources"], clock)


def bare_environment(**values: str) -> dict[str, str]:
    """An environment for a process of its own: none of this one's settings, but its coverage."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "PATH" or name.startswith("COVERAGE")
    }
    # Nobody has to look elsewhere when a service stops.
    return {**kept, "PYTHONPATH": str(CHECKOUT), "SHUTDOWN_NOTICE": "0s", **values}


def set_cookies(response: httpx.Response) -> dict[str, str]:
    """The reply's Set-Cookie lines by name: all that follows the first equals sign."""
    lines = response.headers.get_list("set-cookie")
    assert len({line.split("=")[0] for line in lines}) == len(lines)
    return dict(line.split("=", 1) for line in lines)


def cookie_of(response: httpx.Response, name: str = COOKIE) -> str:
    """The Cookie header with which the client of a reply comes back."""
    return f"{name}={set_cookies(response)[name].split(';')[0]}"


def _with_state(app: ASGIApp, state: dict[str, object]) -> ASGIApp:
    """Hand the lifespan's state to requests, as a server does."""

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return server
