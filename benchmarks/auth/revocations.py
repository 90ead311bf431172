"""How long api-service goes on accepting a token that has ended, and what knowing it costs."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from timeit import repeat

import asyncpg
import httpx

from api_service.identity.revocations import Entry, Page, Revocations
from api_service.identity.tokens import verify
from auth_service.database.profiles import Profile
from auth_service.tokens.issuer import mint
from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server

_PASSWORD = "SecurePassword123"  # noqa: S105 -- of readers made up here
_PAUSE_SECONDS = 0.01
_GIVE_UP_SECONDS = 10.0
_CALLS = 20_000


@dataclass(frozen=True, slots=True)
class Ending:
    """A way tokens end.

    Attributes:
        name: As the report calls it.
        path: Posted to.
        body: Said there.
        by_admin: An admin posts it, about the reader, and not the reader.
    """

    name: str
    path: str
    body: dict[str, object]
    by_admin: bool = False


ENDINGS = (
    Ending("sign-out", "sign-out", {}),
    Ending(
        "change-password",
        "change-password",
        {
            "currentPassword": _PASSWORD,
            "newPassword": f"{_PASSWORD}-2",
            "revokeOtherSessions": True,
        },
    ),
    Ending("delete-user", "delete-user", {"password": _PASSWORD}),
    Ending("ban", "admin/ban-user", {}, by_admin=True),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a request pays, in microseconds.

    Attributes:
        entries: Known when it was measured.
        check: The look for revocations.
        verify: Checking the token's signature and claims, before it.
    """

    entries: int
    check: float
    verify: float


def seconds_to_refusal(
    auth: Server, database: str, replicas: Sequence[Server], ending: Ending, rounds: int
) -> list[float]:
    """Return, round by round, how long after its end a token was refused by every replica.

    Args:
        auth: auth-service.
        database: Its database, in which an admin is made.
        replicas: Of api-service.
        ending: How tokens end.
        rounds: Each with another reader.

    Raises:
        BenchmarkFailed: A token that should count did not, or one that should not still did.
    """
    with _person(auth) as admin:
        asyncio.run(_make_admin(database, _user_id(admin)))
        return [_seconds(auth, admin, replicas, ending) for _ in range(rounds)]


@contextmanager
def _person(auth: Server) -> Iterator[httpx.Client]:
    headers = {"origin": "http://localhost:3000"}
    with httpx.Client(base_url=f"{auth.url}/api/auth", headers=headers, timeout=20) as client:
        email = f"{secrets.token_hex(8)}@example.com"
        body = {"name": "Reader", "email": email, "password": _PASSWORD}
        client.post("/sign-up/email", json=body).raise_for_status()
        yield client


def _user_id(person: httpx.Client) -> str:
    found: str = person.get("/get-session").raise_for_status().json()["user"]["id"]
    return found


async def _make_admin(database: str, user_id: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE \"user\" SET role = 'admin' WHERE id = $1", user_id)
    await connection.close()


def _seconds(
    auth: Server, admin: httpx.Client, replicas: Sequence[Server], ending: Ending
) -> float:
    with _person(auth) as reader, httpx.Client() as ask:
        about = {"userId": _user_id(reader)} if ending.by_admin else {}
        token = reader.get("/jwt").raise_for_status().json()["token"]

        def status(replica: Server) -> int:
            bearer = {"authorization": f"Bearer {token}"}
            return ask.get(f"{replica.url}/v1/me", headers=bearer).status_code

        if any(status(replica) != httpx.codes.OK for replica in replicas):
            raise BenchmarkFailed("A token that has just been drawn is not accepted.")
        who = admin if ending.by_admin else reader
        who.post(f"/{ending.path}", json=ending.body | about).raise_for_status()
        ended = time.perf_counter()
        for replica in replicas:
            while status(replica) != httpx.codes.UNAUTHORIZED:
                if time.perf_counter() - ended > _GIVE_UP_SECONDS:
                    raise BenchmarkFailed(f"{replica.name} still accepts a token after its end.")
                time.sleep(_PAUSE_SECONDS)
        return time.perf_counter() - ended


def check_cost(entries: int) -> Checked:
    """Measure the check of a token that counts, with so many entries known.

    Args:
        entries: Half of them about sessions, half about users.
    """
    now, secret = datetime.now(UTC), secrets.token_hex(32)
    until = (now + timedelta(days=7)).timestamp()
    known = [
        Entry(kind=kind, value=secrets.token_hex(16), notBefore=None, until=until)
        for kind in ("session", "user")
        for _ in range(entries // 2)
    ]
    revocations = Revocations(required=True, silence_seconds=3600)
    revocations.learn(Page(entries=known, last="1-1", anew=True, more=False))
    profile = Profile(
        id="u" * 32,
        name="Reader",
        email="reader@example.com",
        email_verified=True,
        image=None,
        created_at=now,
        updated_at=now,
        software_background="Python",
        hardware_background="Arduino",
        interest_area="AI",
    )
    token = mint(profile, "s" * 32, secret=secret, now=now)
    caller = verify(token, secret)
    return Checked(
        entries=len(known),
        check=_microseconds(lambda: revocations.check(caller), _CALLS),
        verify=_microseconds(lambda: verify(token, secret), _CALLS // 20),
    )


def _microseconds(call: Callable[[], object], calls: int) -> float:
    """Return what a call takes, the best of a few runs: all else is other work of the machine."""
    return min(repeat(call, number=calls, repeat=5)) / calls * 1e6
