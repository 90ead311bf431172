"""`python -m benchmarks.chat`: measures answers, and writes the report. Takes some four minutes."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from benchmarks.chat import report
from benchmarks.chat.answers import answers
from benchmarks.chat.departures import departures
from benchmarks.chat.first_words import first_words
from benchmarks.chat.questions import STREAM, WHOLE
from benchmarks.chat.servers import CHECKOUT, ingest, upstream
from benchmarks.chat.streams import Streams, streams
from benchmarks.chat.upstream import Pace
from benchmarks.failure import BenchmarkFailed
from benchmarks.page import write_part
from benchmarks.servers import Server

SLOW = Pace(embedding_ms=50, first_ms=300, token_ms=200)
FAST = Pace(embedding_ms=50, first_ms=300, token_ms=20)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        pairs: Questions to ours and to the bare client, one after the other.
        streams: That run at once at 200 ms a token.
        steps: Numbers of streams at 20 ms a token, rising; the first that is not kept up with ends
            them.
        stream_seconds: Each stream takes, about; a third of it passes until all have begun.
        departures: Readers who leave, on each path.
        tokens: Of an answer that is asked for whole; one row for each.
        seconds: For each round of those.
        rounds: Each server has.
    """

    pairs: int = 60
    streams: int = 200
    steps: tuple[int, ...] = (40, 80, 120, 160)
    stream_seconds: float = 20.0
    departures: int = 10
    tokens: tuple[int, ...] = (100, 20)
    seconds: float = 4.0
    rounds: int = 2


SMALL = Extent(
    pairs=3,
    streams=5,
    steps=(2,),
    stream_seconds=1.0,
    departures=2,
    tokens=(5,),
    seconds=0.5,
    rounds=1,
)
"""Shows that everything works, and measures nothing."""


def main() -> int:
    """Measure, print and write; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench-chat", description="Measure answers.")
    parser.add_argument("--small", action="store_true", help="try everything out, write no page")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "docs/benchmarks.md")
    options = parser.parse_args()
    try:
        # Ours runs on the same event loop: the bare client is not to be slower by its own.
        text = uvloop.run(_report(SMALL if options.small else Extent()))
    except BenchmarkFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(text)
    if not options.small:
        write_part(options.output, "make bench-chat", text)
    return 0


async def _report(extent: Extent) -> str:
    machine = report.machine()
    with TemporaryDirectory(prefix="bench-chat-") as folder, upstream() as vendor:
        await asyncio.to_thread(ingest, vendor, Path(folder))
        lines = [line async for line in _parts(vendor, Path(folder), extent)]
    return "\n".join([report.INTRODUCTION, machine, *lines]) + "\n"


async def _parts(vendor: Server, folder: Path, extent: Extent) -> AsyncIterator[str]:
    yield f"### The first word\n\n{report.FIRST_WORDS}"
    for line in report.first_words(await first_words(vendor, folder, extent.pairs)):
        yield line
    yield f"\n### Many streams at once\n\n{report.AT_ONCE}"
    rows = [await _streams(vendor, folder, SLOW, extent.streams, extent.stream_seconds)]
    rows += [row async for row in _rising(vendor, folder, extent)]
    for line in report.streams(rows):
        yield line
    yield report.sustained(rows)
    yield f"### A reader leaves\n\n{report.LEAVING}"
    left = [
        (path, await departures(vendor, folder, path, extent.departures))
        for path in (STREAM, WHOLE)
    ]
    for line in report.departures(left):
        yield line
    yield f"\n### Whole answers\n\n{report.ANSWERS}"
    compared = [
        await answers(vendor, folder, tokens, seconds=extent.seconds, rounds=extent.rounds)
        for tokens in extent.tokens
    ]
    for line in report.answers(compared):
        yield line


async def _rising(vendor: Server, folder: Path, extent: Extent) -> AsyncIterator[Streams]:
    for number in extent.steps:
        row = await _streams(vendor, folder, FAST, number, extent.stream_seconds / 2)
        yield row
        if not report.is_sustained(row):
            return


async def _streams(
    vendor: Server, folder: Path, pace: Pace, number: int, seconds: float
) -> Streams:
    tokens = max(2, round(seconds * 1000 / pace.token_ms))
    return await streams(vendor, folder, replace(pace, tokens=tokens), number, seconds / 3)


if __name__ == "__main__":
    sys.exit(main())
