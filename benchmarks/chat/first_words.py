"""How long it is to the first word of an answer: ours and a bare client by turns."""

import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import openai

from benchmarks.chat.bare import words
from benchmarks.chat.client import Connection, connect
from benchmarks.chat.questions import QUESTIONS, STREAM, asked, requests
from benchmarks.chat.servers import ours
from benchmarks.chat.upstream import Pace
from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server

PACE = Pace(embedding_ms=50, first_ms=300, token_ms=20, tokens=8)

_WARM_UP = 12
_READERS = 16


@dataclass(frozen=True, slots=True)
class FirstWords:
    """Milliseconds from a question to the first word of its answer.

    Attributes:
        ours: Through api-service.
        bare: Through the vendor's package alone.
    """

    ours: Sequence[float]
    bare: Sequence[float]


async def first_words(vendor: Server, folder: Path, pairs: int) -> FirstWords:
    """Ask ours and a bare client by turns, one question at a time.

    The bare client makes the same two calls as ours, from this process, and sends the very prompt
    that ours has sent.
    """
    own: list[float] = []
    other: list[float] = []
    with ours(vendor, PACE, folder) as server:
        connection = await connect(server.url)
        to_ours = requests(STREAM, _READERS)
        await _ours(connection, next(to_ours))
        prompt = await asked(vendor)
        base_url = f"{vendor.url}{PACE.path}"
        async with openai.AsyncOpenAI(api_key="sk-measured", base_url=base_url) as client:
            for question in islice(cycle(QUESTIONS), _WARM_UP + pairs):
                own.append(await _ours(connection, next(to_ours)))
                other.append(await _bare(client, prompt, question))
        connection.close()
    return FirstWords(own[_WARM_UP:], other[_WARM_UP:])


async def _ours(connection: Connection, request: bytes) -> float:
    begin = time.perf_counter()
    reply = (await connection.ask(request)).whole_stream()
    return (reply.deltas()[0] - begin) * 1000


async def _bare(client: openai.AsyncOpenAI, prompt: Mapping[str, Any], question: str) -> float:
    begin = time.perf_counter()
    first = None
    async with aclosing(words(client, prompt, question)) as pieces:
        async for _ in pieces:
            first = first or time.perf_counter()
    if first is None:
        raise BenchmarkFailed("The bare client got no answer.")
    return (first - begin) * 1000
