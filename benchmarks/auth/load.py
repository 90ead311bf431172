"""What wrk is told to send, and what it counts."""

import json
import os
import secrets
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server

_SCRIPT = Path(__file__).with_name("load.lua")
_PERSON = {"email": "reader@example.com", "password": "SecurePassword123"}
_PROFILE = {"name": "Reader", "interestArea": "AI"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    Attributes:
        name: As the report calls it.
        path: Where it goes.
        body: JSON, with {n} where a number of the request's own stands; None: a GET.
    """

    name: str
    path: str
    body: str | None = None


SIGN_UP = Ask(
    "sign-up",
    "/api/auth/sign-up/email",
    json.dumps({**_PERSON, **_PROFILE, "email": "reader-{run}-{n}@example.com"}),
)
SIGN_IN = Ask("sign-in", "/api/auth/sign-in/email", json.dumps(_PERSON))
GET_SESSION = Ask("get-session", "/api/auth/get-session")
JWT = Ask("jwt", "/api/auth/jwt")
HEALTH = Ask("health", "/health")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of wrk.

    Attributes:
        requests: Answered.
        seconds: It took.
        p50, p99: Milliseconds within which half and 99 of 100 requests were answered.
        cpu_seconds: The server's, in that time.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    cpu_seconds: float


def sign_up_reader(server: Server) -> str:
    """Create the user whom the requests are about; return the cookie of their session."""
    request = urllib.request.Request(  # noqa: S310 -- http, as built in servers.py
        f"{server.url}{SIGN_UP.path}",
        data=json.dumps({**_PERSON, **_PROFILE}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:  # noqa: S310 -- as above
        for line in reply.headers.get_all("set-cookie", []):
            if "session_token=" in line:
                return str(line.partition(";")[0])
    raise BenchmarkFailed(f"{server.name} gives no session cookie.")


def check_signed_in(server: Server, cookie: str) -> None:
    """Make sure that a cookie names a session: without one, replies would come quicker.

    Raises:
        BenchmarkFailed: It does not.
    """
    request = urllib.request.Request(  # noqa: S310 -- http, as built in servers.py
        f"{server.url}{GET_SESSION.path}", headers={"cookie": cookie}
    )
    with urllib.request.urlopen(request) as reply:  # noqa: S310 -- as above
        if b"reader@example.com" not in reply.read():
            raise BenchmarkFailed(f"{server.name} does not know the session it gave.")


def measure(server: Server, ask: Ask, cookie: str, *, connections: int, seconds: float) -> Measured:
    """Send a request over and over on some connections.

    Raises:
        BenchmarkFailed: A request was refused or not answered.
    """
    before = server.cpu_seconds()
    with _wrk(server, ask, cookie, connections, seconds) as process:
        output, complaint = process.communicate()
    used = server.cpu_seconds() - before
    try:
        counted = json.loads(output.splitlines()[-1])
    except (IndexError, ValueError):
        raise BenchmarkFailed(f"wrk failed: {output}{complaint}") from None
    if counted["failed"] or not counted["requests"]:
        raise BenchmarkFailed(f"{server.name} did not answer every {ask.name}:\n{output}")
    return Measured(
        requests=counted["requests"],
        seconds=counted["microseconds"] / 1e6,
        p50=counted["p50"] / 1000,
        p99=counted["p99"] / 1000,
        cpu_seconds=used,
    )


@contextmanager
def signing_in(server: Server, clients: int, seconds: float) -> Iterator[None]:
    """Have clients sign in without pause while the block runs, which takes less than seconds."""
    with _wrk(server, SIGN_IN, "", clients, seconds) as process:
        try:
            yield
        finally:
            process.terminate()
    server.settle()


def _wrk(
    server: Server, ask: Ask, cookie: str, connections: int, seconds: float
) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"]}
    if ask.body is None:
        environment |= {"METHOD": "GET", "COOKIE": cookie}
    else:  # without a cookie, for with one these would need an Origin
        body = ask.body.replace("{run}", secrets.token_hex(4))
        environment |= {"METHOD": "POST", "BODY": body}
    options = ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "20s"]
    return subprocess.Popen(  # noqa: S603 -- wrk, and arguments of our own
        ["wrk", *options, "-s", str(_SCRIPT), f"{server.url}{ask.path}"],  # noqa: S607 -- wherever it is installed
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
