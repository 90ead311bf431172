"""Many streams at once: whether all arrive, how evenly, and what they cost."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from benchmarks.chat.client import Reply, connect
from benchmarks.chat.departures import leave
from benchmarks.chat.questions import STREAM, requests
from benchmarks.chat.servers import ours
from benchmarks.chat.upstream import Pace
from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server

_WARM_UP = 8
_SAMPLE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Streams:
    """Streams that ran at once.

    Attributes:
        number: How many.
        token_ms: The vendor's pace.
        failed: How many did not come to their end.
        gaps_ms: Between each two deltas of a stream, of all streams.
        rate: Tokens a second, all streams together, while all ran.
        cpu: The service's share of one core from the first request to the last reply.
        memory_mb: What its memory grew by, at most, in 2^20 bytes.
    """

    number: int
    token_ms: int
    failed: int
    gaps_ms: Sequence[float]
    rate: float
    cpu: float
    memory_mb: float

    @property
    def sent_rate(self) -> float:
        """Tokens a second that the vendor sends."""
        return self.number * 1000 / self.token_ms

    @property
    def jitter_ms(self) -> list[float]:
        """How far each gap is from the vendor's pace."""
        return [abs(gap - self.token_ms) for gap in self.gaps_ms]


async def streams(
    vendor: Server, folder: Path, pace: Pace, number: int, ramp_seconds: float
) -> Streams:
    """Have streams run at once on one process, begun at times of chance within the ramp."""
    with ours(vendor, pace, folder) as server:
        for request in islice(requests(STREAM, 1), _WARM_UP):
            await leave(vendor, server, request)
        memory, begun, cpu = server.resident_megabytes(), time.monotonic(), server.cpu_seconds()
        random = Random(number)  # noqa: S311 -- no secret
        all_of_them = asyncio.gather(
            *(
                _stream(server, request, random.uniform(0, ramp_seconds))
                for request in islice(requests(STREAM, number), number)
            )
        )
        peak = memory
        while not all_of_them.done():
            await asyncio.wait([all_of_them], timeout=_SAMPLE_SECONDS)
            peak = max(peak, server.resident_megabytes())
        used = (server.cpu_seconds() - cpu) / (time.monotonic() - begun)
        replies = [reply for reply in await all_of_them if reply]
    return Streams(
        number=number,
        token_ms=pace.token_ms,
        failed=number - len(replies),
        gaps_ms=[gap * 1000 for reply in replies for gap in reply.gaps()],
        rate=_rate(replies),
        cpu=used,
        memory_mb=peak - memory,
    )


async def _stream(server: Server, request: bytes, wait: float) -> Reply | None:
    await asyncio.sleep(wait)
    try:
        connection = await connect(server.url)
        try:
            return (await connection.ask(request)).whole_stream()
        finally:
            connection.close()
    except (BenchmarkFailed, OSError):
        return None


def _rate(replies: Sequence[Reply]) -> float:
    """Return the deltas a second between the last stream's first and the first stream's last."""
    times = [reply.deltas() for reply in replies]
    begin = max((each[0] for each in times), default=0.0)
    end = min((each[-1] for each in times), default=0.0)
    if end <= begin:
        return 0.0
    return sum(begin < at <= end for each in times for at in each) / (end - begin)
