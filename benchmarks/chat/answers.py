"""Whole answers a second, ours and a bare route by turns, from a vendor that does not dawdle."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.chat.client import connect
from benchmarks.chat.questions import WHOLE, asked, requests
from benchmarks.chat.servers import bare, ours
from benchmarks.chat.upstream import Pace
from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server

CONNECTIONS = 8
"""To a server, each with one question at a time."""

_OK = 200
_READERS = 64
_WARM_UP = 40


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers that one server has given without pause.

    Attributes:
        number: How many.
        seconds: It took.
        cpu_seconds: The server's own.
    """

    number: int
    seconds: float
    cpu_seconds: float

    def __add__(self, other: "Answers") -> "Answers":
        return Answers(
            self.number + other.number,
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
        )

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.number / self.seconds

    @property
    def cpu_ms(self) -> float:
        """The server's CPU for an answer, in milliseconds."""
        return self.cpu_seconds / self.number * 1000


@dataclass(frozen=True, slots=True)
class Compared:
    """Both, on answers of so many tokens."""

    tokens: int
    ours: Answers
    bare: Answers

    @property
    def ratio(self) -> float:
        """Ours to the bare route's answers a second."""
        return self.ours.rate / self.bare.rate


async def answers(
    vendor: Server, folder: Path, tokens: int, *, seconds: float, rounds: int
) -> Compared:
    """Ask ours and the bare route by turns, on several connections without pause.

    Args:
        vendor: That both ask.
        folder: That the book is in.
        tokens: Of an answer.
        seconds: Each round takes, on each.
        rounds: Each has.
    """
    pace = Pace(tokens=tokens)
    prompt = folder / "prompt.json"
    with ours(vendor, pace, folder) as own:
        await _ask(own, 1, _WARM_UP)
        prompt.write_text(json.dumps(await asked(vendor)))
        with bare(vendor, pace, prompt) as other:
            await _ask(other, 1, _WARM_UP)
            measured = [
                [await _measured(server, seconds) for server in (own, other)] for _ in range(rounds)
            ]
    nothing = Answers(0, 0.0, 0.0)
    first, second = (sum(each, start=nothing) for each in zip(*measured, strict=True))
    return Compared(tokens, first, second)


async def _measured(server: Server, seconds: float) -> Answers:
    cpu, begin = server.cpu_seconds(), time.perf_counter()
    number = await _ask(server, CONNECTIONS, until=begin + seconds)
    return Answers(number, time.perf_counter() - begin, server.cpu_seconds() - cpu)


async def _ask(
    server: Server, connections: int, most: int | None = None, *, until: float = float("inf")
) -> int:
    """Ask on several connections and return how many answers came.

    Raises:
        BenchmarkFailed: A question was not answered.
    """
    asking = islice(requests(WHOLE, _READERS), most)
    return sum(
        await asyncio.gather(*(_ask_on_one(server, asking, until) for _ in range(connections)))
    )


async def _ask_on_one(server: Server, asking: Iterator[bytes], until: float) -> int:
    connection = await connect(server.url)
    number = 0
    while time.perf_counter() < until and (request := next(asking, None)):
        reply = await connection.ask(request)
        if reply.status != _OK or b'"response"' not in reply.body:
            raise BenchmarkFailed(f"No answer: {reply.status} {bytes(reply.body[:300])!r}")
        number += 1
    connection.close()
    return number
