"""The figures as a page of Markdown."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import machine as machines
from benchmarks.auth.load import Ask, Measured
from benchmarks.auth.revocations import Checked

INTRODUCTION = """\
## auth-service beside Better Auth

Written by `make bench-auth`; compare figures of one run only. Better Auth 1.7.25 on Node.js
("peer") and this auth-service ("ours") ran on one PostgreSQL server, one process each, without
rate limits, and were asked in turn, round after round, by wrk on the same machine. Ours wrote its
access log, the peer writes none. CPU is the server process's own, in user and system mode, per
request answered, and stays meaningful where other work shares the machine. Ratios are ours to the
peer's for requests a second and the peer's to ours for CPU: above 1 ours is better.
"""

SETTINGS = """\
On its defaults the peer's jwt plugin signs an EdDSA token for the header `set-auth-jwt` whenever
it reads a session, on `/jwt` too; ours does so at get-session with `SET_AUTH_JWT=on`. So
get-session is printed with the header off in both (the peer's `disableSettingJwtHeader`) and on in
both, and `/jwt` against the peer with it off and as it comes. The peer hashes with scrypt, as ours
does with `PASSWORD_HASH=better-auth`.
"""

LIMIT = """\
The limit is bare Starlette with one joined SELECT through asyncpg and nothing else, no signature,
no log line, no middleware: the least a session can cost in Python. Ratios are as above, against it.
"""

BESIDE = "Latencies in milliseconds, on a connection of its own.\n"

REVOCATIONS = """\
From the reply that ends a token until two api-service processes, each with its own memory, both
refuse it; each round is another reader. Better Auth has nothing to compare with: its JWTs count
until they expire.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """All rounds of one request on one server."""

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
class Comparison:
    """One request on ours and, where there is one, on another server."""

    ask: Ask
    setting: str
    connections: int
    own: Figures
    other: Figures | None = None

    @property
    def cells(self) -> str:
        """The figures of both, ours first, and the ratios."""
        own, other = self.own, self.other
        if other is None:
            return f"{own.rate:.0f} | | | {own.cpu:.3f} | | | {own.p50:.2f} | | {own.p99:.2f} | "
        return (
            f"{own.rate:.0f} | {other.rate:.0f} | {own.rate / other.rate:.2f} "
            f"| {own.cpu:.3f} | {other.cpu:.3f} | {other.cpu / own.cpu:.2f} "
            f"| {own.p50:.2f} | {other.p50:.2f} | {own.p99:.2f} | {other.p99:.2f}"
        )


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
    peers = f", Node.js {node}" if node else ""
    return (
        f"The machine: {machines.processors()}, shared by the servers, PostgreSQL and wrk; "
        f"{machines.memory_and_system()}{peers}, PostgreSQL {postgres}. "
        f"Load when it began: {machines.load()}.\n"
    )


def node_version() -> str:
    """Return Node's version, as it says it."""
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)  # noqa: S607 -- wherever it is installed
    return done.stdout.strip()


def comparisons(rows: Sequence[Comparison]) -> Iterator[str]:
    """Yield the table of requests on ours and the peer."""
    yield f"| request | set | connections | {_heads('peer')} |"
    yield f"| --- | --- | ---: {'| ---: ' * 10}|"
    for row in rows:
        yield f"| {row.ask.name} | {row.setting} | {row.connections} | {row.cells} |"


def distances(rows: Sequence[Comparison]) -> Iterator[str]:
    """Yield the table of get-session on ours and the limit."""
    yield f"| connections | {_heads('limit')} |"
    yield f"| ---: {'| ---: ' * 10}|"
    for row in rows:
        yield f"| {row.connections} | {row.cells} |"


def _heads(other: str) -> str:
    figures = ("req/s", "CPU ms/req")
    rated = " | ".join(f"{each}, ours | {other} | ratio" for each in figures)
    return f"{rated} | p50 ms, ours | {other} | p99 ms, ours | {other}"


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


def refusals(measured: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Yield the table of seconds until a token is refused, by what ended it."""
    yield "| ended by | rounds | median s | slowest s |"
    yield "| --- | ---: | ---: | ---: |"
    for name, seconds in measured.items():
        yield f"| {name} | {len(seconds)} | {median(seconds):.2f} | {max(seconds):.2f} |"


def check(checked: Checked) -> str:
    """Say what a request pays."""
    return (
        f"A request pays {checked.check:.2f} µs for the look, with {checked.entries} entries "
        f"known; verifying the token before it takes {checked.verify:.0f} µs."
    )
