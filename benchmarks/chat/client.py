"""A client that notes when each piece of a reply arrives and does little else beside."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast
from urllib.parse import urlsplit

import httptools

from benchmarks.failure import BenchmarkFailed

_OK = 200
_DELTA = b"event: delta\n"


@dataclass(slots=True)
class Reply:
    """What came back.

    Attributes:
        status: HTTP's.
        body: All of it.
        arrivals: For each piece of the body, where it ends in the whole, and when it came.
    """

    status: int = 0
    body: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, float]] = field(default_factory=list)

    def deltas(self) -> list[float]:
        """Return when each delta of a stream came, in the seconds of `time.perf_counter`."""
        times: list[float] = []
        arrivals = iter(self.arrivals)
        end, at = 0, 0.0
        place = self.body.find(_DELTA)
        while place >= 0:
            while end < place + len(_DELTA):
                end, at = next(arrivals)
            times.append(at)
            place = self.body.find(_DELTA, place + len(_DELTA))
        return times

    def gaps(self) -> list[float]:
        """Return the seconds between each two deltas that follow each other."""
        return [later - sooner for sooner, later in pairwise(self.deltas())]

    def whole_stream(self) -> "Reply":
        """Return itself.

        Raises:
            BenchmarkFailed: It is no stream of an answer that came to its end.
        """
        if self.status != _OK or b"event: done\n" not in self.body or not self.deltas():
            raise BenchmarkFailed(f"No whole stream came back: {self.status} {self.body!r:.500}")
        return self


class Connection(asyncio.Protocol):
    """One connection, on which one request follows another; open one with `connect`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._reply = Reply()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._begun: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what requests are written to; asyncio calls it."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail a request under way; asyncio calls it."""
        if not self._done.done():
            self._done.set_exception(exc or ConnectionResetError("The server has hung up."))
            self._done.exception()  # nobody need wait for it

    def data_received(self, data: bytes) -> None:
        """Read what came; asyncio calls it."""
        self._now = time.perf_counter()
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Note a piece of the body; the parser calls it."""
        self._reply.body += body
        self._reply.arrivals.append((len(self._reply.body), self._now))
        if not self._begun.done() and _DELTA in self._reply.body:
            self._begun.set_result(None)

    def on_message_complete(self) -> None:
        """End the request; the parser calls it."""
        self._reply.status = self._parser.get_status_code()
        self._done.set_result(None)

    def send(self, request: bytes) -> None:
        """Send a request; another may follow when its reply is there."""
        self._parser = httptools.HttpResponseParser(self)
        self._reply = Reply()
        self._done = self._loop.create_future()
        self._begun = self._loop.create_future()
        self._transport.write(request)

    async def first_words(self) -> None:
        """Wait until a stream has begun to answer."""
        await asyncio.wait({self._begun, self._done}, return_when=asyncio.FIRST_COMPLETED)
        if not self._begun.done():
            raise BenchmarkFailed(f"No answer began: {self._reply.body!r:.500}")

    async def reply(self) -> Reply:
        """Return the whole reply.

        Raises:
            ConnectionError: It broke off.
        """
        await self._done
        return self._reply

    async def ask(self, request: bytes) -> Reply:
        """Send a request and return its reply."""
        self.send(request)
        return await self.reply()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def connect(url: str) -> Connection:
    """Return a connection to the server at this address."""
    parts = urlsplit(url)
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection, parts.hostname or "", parts.port or 80
    )
    return connection


def post(path: str, members: Mapping[str, object], token: str = "") -> bytes:
    """Return a request with a body of JSON."""
    body = json.dumps(members).encode()
    allowed = f"authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"{allowed}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str) -> bytes:
    """Return a request without a body."""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
