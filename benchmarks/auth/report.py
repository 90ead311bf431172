"""The figures as a page of Markdown."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.auth.load import Ask, Measured

INTRODUCTION = """\
# Benchmarks

Written by `make bench-auth`; compare figures of one run only. Better Auth 1.7.25 on Node.js
("peer") and this auth-service ("ours") ran on one PostgreSQL server, one process each, without
rate limits, and were asked in turn, round after round, by wrk on the same machine. Ours wrote its
access log, the peer writes none. CPU is the server process's own, in user and system mode, per
request answered, and stays meaningful where other work shares the machine. Ratios are ours to the
peer's for requests a second and the peer's to ours for CPU: above 1 ours is better.

"limit" is bare Starlette with one joined SELECT through asyncpg and nothing else, no signature, no
log line, no middleware: the least a session can cost in Python. Its ratio of CPU says how much of
ours is that least.
"""

SET_AUTH_JWT = """\
On its defaults the peer's jwt plugin signs a token for the header `set-auth-jwt` whenever it reads
a session, on `/jwt` too. Ours has no such plugin. So get-session and jwt are printed against both:
"peer" as it comes, and "peer without jwt plugin", where that one line of its configuration is off,
which compares like with like.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """All rounds of one request on one server."""

    ask: Ask
    connections: int
    server: str
    rounds: Sequence[Measured]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return sum(r.requests for r in self.rounds) / sum(r.seconds for r in self.rounds)

    @property
    def cpu(self) -> float:
        """Milliseconds of CPU per request."""
        requests = sum(r.requests for r in self.rounds)
        return sum(r.cpu_seconds for r in self.rounds) / requests * 1000

    @property
    def p50(self) -> float:
        """Milliseconds, the median of the rounds."""
        return median(r.p50 for r in self.rounds)

    @property
    def p99(self) -> float:
        """Milliseconds, the median of the rounds."""
        return median(r.p99 for r in self.rounds)


@dataclass(frozen=True, slots=True)
class Beside:
    """A request on one connection, alone and while clients sign in."""

    ask: Ask
    server: str
    clients: int
    alone: Measured
    busy: Measured


def machine(node: str | None, postgres: str) -> str:
    """Describe in words what everything ran on."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    peers = f", Node.js {node}" if node else ""
    return (
        f"The machine: {cores} cores ({processor[1] if processor else platform.machine()}), shared "
        f"by the servers, PostgreSQL and wrk; {memory:.0f} GiB of memory; {platform.system()}; "
        f"Python {platform.python_version()}{peers}, PostgreSQL {postgres}. "
        f"Load when it began: {os.getloadavg()[0]:.1f}.\n"
    )


def node_version() -> str:
    """Return Node's version, as it says it."""
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)  # noqa: S607 -- wherever it is installed
    return done.stdout.strip()


def throughput(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table of requests; ratios compare a row with ours of the same request."""
    yield (
        "| request | connections | server | req/s | p50 ms | p99 ms | CPU ms/req "
        "| ratio req/s | ratio CPU |"
    )
    yield "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in rows:
        own = next(
            r
            for r in rows
            if (r.ask, r.connections, r.server) == (row.ask, row.connections, "ours")
        )
        figures = f"{row.rate:.0f} | {row.p50:.2f} | {row.p99:.2f} | {row.cpu:.3f}"
        ratios = " | " if row is own else f"{own.rate / row.rate:.2f} | {row.cpu / own.cpu:.2f}"
        yield f"| {row.ask.name} | {row.connections} | {row.server} | {figures} | {ratios} |"


def beside(rows: Sequence[Beside]) -> Iterator[str]:
    """Yield the table of latencies while clients sign in."""
    yield (
        "| request | clients signing in | server | p50 alone | p50 beside | times "
        "| p99 alone | p99 beside |"
    )
    yield "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    for row in rows:
        times = row.busy.p50 / row.alone.p50
        yield (
            f"| {row.ask.name} | {row.clients} | {row.server} | {row.alone.p50:.2f} "
            f"| {row.busy.p50:.2f} | {times:.1f} | {row.alone.p99:.2f} | {row.busy.p99:.2f} |"
        )
