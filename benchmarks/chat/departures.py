"""A reader who leaves: how soon the vendor's work for the answer ends."""

import asyncio
import time
from itertools import islice
from pathlib import Path

from benchmarks.chat.client import connect
from benchmarks.chat.questions import STREAM, abandoned, requests
from benchmarks.chat.servers import ours
from benchmarks.chat.upstream import Pace
from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server

PACE = Pace(embedding_ms=10, first_ms=20, token_ms=200, tokens=100)

_ANSWERED_SECONDS = 0.5
_GIVE_UP_SECONDS = 10.0
_POLL_SECONDS = 0.02


async def departures(vendor: Server, folder: Path, path: str, rounds: int) -> list[float]:
    """Return the seconds from each reader's leaving until the vendor was hung up on."""
    with ours(vendor, PACE, folder) as server:
        return [
            await leave(
                vendor,
                server,
                request,
                path=path,
                # Anywhere between two tokens.
                wait=number / rounds * PACE.token_ms / 1000,
            )
            for number, request in enumerate(islice(requests(path, 1), rounds))
        ]


async def leave(
    vendor: Server, server: Server, request: bytes, *, path: str = STREAM, wait: float = 0.0
) -> float:
    """Ask, leave while the answer comes, and return how long the vendor went on, in seconds.

    Args:
        vendor: That the server asks; nobody else leaves it meanwhile.
        server: That is asked.
        request: Of the path.
        path: Whether the reader sees the answer come, or waits for the whole.
        wait: How long the reader stays after the answer has begun, in seconds.

    Raises:
        BenchmarkFailed: The vendor was not hung up on.
    """
    known = len(await abandoned(vendor))
    connection = await connect(server.url)
    connection.send(request)
    await (connection.first_words() if path == STREAM else asyncio.sleep(_ANSWERED_SECONDS))
    await asyncio.sleep(wait)
    left = time.monotonic()
    connection.close()
    while time.monotonic() < left + _GIVE_UP_SECONDS:
        times = await abandoned(vendor)
        if len(times) > known:
            return times[known] - left
        await asyncio.sleep(_POLL_SECONDS)
    raise BenchmarkFailed("A reader left, and the vendor was not hung up on.")
