"""The figures as a part of a page of Markdown."""

from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from benchmarks import machine as machines
from benchmarks.chat.answers import CONNECTIONS, Compared
from benchmarks.chat.first_words import PACE, FirstWords
from benchmarks.chat.streams import Streams

JITTER_MS = 25
"""What a reader does not notice; above it a rate does not count as sustained."""

INTRODUCTION = """\
## Answers beside the vendor's package alone

Written by `make bench-chat`; compare figures of one run only. A server in a process of its own
speaks OpenAI's API at a fixed pace. Ours is one process of api-service on the example book, with
the embedded index, its access log, the check of tokens and the counting of requests, as they come.
The vendor's package alone ("bare") makes the same two calls, an embedding and a chat completion
that streams, with the very prompt ours sends. It finds nothing, checks nothing and logs nothing.
Readers, vendor and service share the machine.
"""

FIRST_WORDS = f"""\
The vendor takes {PACE.embedding_ms} ms for an embedding, {PACE.first_ms} ms for the first token and
{PACE.token_ms} ms for each further one. Ours and bare are asked by turns, one question at a time;
ours over HTTP, at `/v1/chat/stream`, bare in the process that measures. The questions are few and
the book is small, so what ours keeps of the passages it has read before is there.
"""

AT_ONCE = """\
Jitter is how far the time between two words of a stream is from the vendor's pace, at the reader.
The rate is that of all streams together while all of them ran. Memory is what the process grew by.
"""

LEAVING = """\
From the moment a reader hangs up until the vendor is hung up on, with an answer half told:
"""

ANSWERS = f"""\
The vendor answers at once; {CONNECTIONS} connections ask without pause, ours and a bare FastAPI
route by turns. The bare route reads the stream as the package gives it. The ratio is ours to bare's
answers a second.
"""


def machine() -> str:
    """Describe in words what everything ran on."""
    return (
        f"The machine: {machines.processors()}; {machines.memory_and_system()}. "
        f"Load when it began: {machines.load()}.\n"
    )


def first_words(measured: FirstWords) -> Iterator[str]:
    """Yield the table of times to the first word."""
    yield "| | asked | p50 ms | p95 ms |"
    yield "| --- | ---: | ---: | ---: |"
    both = (("ours", measured.ours), ("bare", measured.bare))
    for name, times in both:
        yield f"| {name} | {len(times)} | {median(times):.1f} | {_p95(times):.1f} |"
    (_, ours), (_, bare) = both
    more = f"{median(ours) - median(bare):.1f} | {_p95(ours) - _p95(bare):.1f}"
    yield f"| ours above bare | | {more} |"


def streams(rows: Sequence[Streams]) -> Iterator[str]:
    """Yield the table of streams at once."""
    yield (
        "| streams | ms a token | failed | tokens/s, sent | tokens/s, read | jitter p50 ms "
        "| jitter p95 ms | jitter p99 ms | cores | MiB a stream |"
    )
    yield f"|{' ---: |' * 10}"
    for row in rows:
        jitter = row.jitter_ms
        parts = quantiles(jitter, n=100, method="inclusive")
        yield (
            f"| {row.number} | {row.token_ms} | {row.failed} | {row.sent_rate:.0f} "
            f"| {row.rate:.0f} | {parts[49]:.1f} | {parts[94]:.1f} | {parts[98]:.1f} "
            f"| {row.cpu:.2f} | {row.memory_mb / row.number:.2f} |"
        )


def is_sustained(row: Streams) -> bool:
    """Tell whether every stream came to its end, and evenly."""
    return not row.failed and _p95(row.jitter_ms) <= JITTER_MS


def sustained(rows: Sequence[Streams]) -> str:
    """Say the highest rate that kept its pace."""
    best = max((row.rate for row in rows if is_sustained(row)), default=0.0)
    return (
        f"\nThe highest rate of these with a jitter of at most {JITTER_MS} ms at p95: "
        f"{best:.0f} tokens a second.\n"
    )


def departures(rows: Sequence[tuple[str, Sequence[float]]]) -> Iterator[str]:
    """Yield the table of seconds until the vendor's work ends, by path."""
    yield "| path | rounds | median s | slowest s |"
    yield "| --- | ---: | ---: | ---: |"
    for path, seconds in rows:
        yield f"| `{path}` | {len(seconds)} | {median(seconds):.3f} | {max(seconds):.3f} |"


def answers(rows: Sequence[Compared]) -> Iterator[str]:
    """Yield the table of whole answers."""
    yield (
        "| tokens of an answer | answers/s, ours | bare | ratio | CPU ms/answer, ours | bare "
        "| answers |"
    )
    yield f"|{' ---: |' * 7}"
    for row in rows:
        yield (
            f"| {row.tokens} | {row.ours.rate:.1f} | {row.bare.rate:.1f} | {row.ratio:.2f} "
            f"| {row.ours.cpu_ms:.2f} | {row.bare.cpu_ms:.2f} "
            f"| {row.ours.number + row.bare.number} |"
        )


def _p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20, method="inclusive")[18]
