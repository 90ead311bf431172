"""Readers who go on signing in, reading and asking, and what becomes of each of their requests."""

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

PASSWORD = "battery staple correct"
QUESTION = {"message": "What is a Vision-Language-Action model?"}
OK, RETRYABLE = "ok", "ended by a retryable event"
AT_REST = 0.05
"""Seconds each reader waits between two requests."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, when it began and ended, and how."""

    kind: str
    begun: float
    ended: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who has signed up: their session's cookie, and a token."""

    email: str
    cookie: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, slots=True)
class Record:
    """What has been asked so far, and whose accounts were acknowledged."""

    asked: list[Asked] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)

    def failed(self) -> list[Asked]:
        return [each for each in self.asked if each.outcome != OK]


async def signed_up(http: httpx.AsyncClient) -> Reader:
    """Sign somebody up, and be them."""
    email = f"{secrets.token_hex(8)}@example.com"
    body = {"name": "Reader", "email": email, "password": PASSWORD}
    reply = await http.post("/api/auth/sign-up/email", json=body)
    assert reply.status_code == 200, reply.text
    cookie = reply.headers["set-cookie"].split(";")[0]
    drawn = await http.get("/api/auth/jwt", headers={"cookie": cookie})
    return Reader(email, cookie, drawn.raise_for_status().json()["token"])


@asynccontextmanager
async def site(origin: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the site that keeps no cookies and opens a connection for each request."""
    async with httpx.AsyncClient(
        base_url=origin,
        headers={"origin": origin},
        timeout=30,
        limits=httpx.Limits(max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    ) as http:
        yield http


@asynccontextmanager
async def load(http: httpx.AsyncClient, readers: list[Reader]) -> AsyncIterator[Record]:
    """Have readers ask, each kind of request one after another, until the block is left."""
    record = Record()
    turns = itertools.cycle(readers)
    kinds: dict[str, Callable[[], Awaitable[str]]] = {
        "session": lambda: _session(http, next(turns)),
        "sign-in": lambda: _sign_in(http, next(turns)),
        "sign-up": lambda: _sign_up(http, record.accounts),
        "answer": lambda: _answer(http, next(turns)),
        "stream": lambda: stream(http, next(turns)),
    }
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for kind, ask in kinds.items():
            tasks.create_task(_again_and_again(kind, ask, record, stop))
        try:
            yield record
        finally:
            stop.set()


async def stream(http: httpx.AsyncClient, reader: Reader) -> str:
    """Ask for a stream and tell how it ended."""
    name = ""
    async with http.stream(
        "POST", "/v1/chat/stream", json=QUESTION, headers=reader.bearer
    ) as reply:
        if reply.status_code != 200:
            return str(reply.status_code)
        async for line in reply.aiter_lines():
            field_name, _, value = line.partition(": ")
            if field_name == "event":
                name = value
            elif field_name == "data" and name == "error":
                return RETRYABLE if json.loads(value).get("retryable") else f"error {value}"
    return OK if name == "done" else f"cut after {name}"


async def sign_in(http: httpx.AsyncClient, email: str) -> httpx.Response:
    return await http.post("/api/auth/sign-in/email", json={"email": email, "password": PASSWORD})


async def answer(http: httpx.AsyncClient, reader: Reader) -> httpx.Response:
    return await http.post("/v1/chat", json=QUESTION, headers=reader.bearer)


async def refused(http: httpx.AsyncClient, reader: Reader) -> list[str]:
    """Sign a reader in and ask for them; return what refusals said."""
    try:
        replies = [await sign_in(http, reader.email), await answer(http, reader)]
    except httpx.HTTPError as error:
        return [type(error).__name__]
    return [reply.text for reply in replies if reply.status_code != 200]


async def all_sign_in(http: httpx.AsyncClient, emails: list[str]) -> None:
    assert emails
    replies = [await sign_in(http, email) for email in emails]
    assert {reply.status_code for reply in replies} == {200}


async def _session(http: httpx.AsyncClient, reader: Reader) -> str:
    reply = await http.get("/api/auth/get-session", headers={"cookie": reader.cookie})
    return OK if reply.status_code == 200 and reply.json() else _told(reply)


async def _sign_in(http: httpx.AsyncClient, reader: Reader) -> str:
    return _told(await sign_in(http, reader.email))


async def _sign_up(http: httpx.AsyncClient, accounts: list[str]) -> str:
    email = f"{secrets.token_hex(8)}@example.com"
    body = {"name": "Reader", "email": email, "password": PASSWORD}
    reply = await http.post("/api/auth/sign-up/email", json=body)
    if reply.status_code == 200:
        accounts.append(email)
    return _told(reply)


async def _answer(http: httpx.AsyncClient, reader: Reader) -> str:
    reply = await answer(http, reader)
    return OK if reply.status_code == 200 and reply.json()["sources"] else _told(reply)


def _told(reply: httpx.Response) -> str:
    return OK if reply.status_code == 200 else f"{reply.status_code} {reply.text[:200]}"


async def _again_and_again(
    kind: str, ask: Callable[[], Awaitable[str]], record: Record, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        begun = time.monotonic()
        try:
            outcome = await ask()
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        record.asked.append(Asked(kind, begun, time.monotonic(), outcome))
        await asyncio.sleep(AT_REST)
