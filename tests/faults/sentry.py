"""Sentry, as both services use it: auth-service tells it of a crash."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.faults.cells import Dependency, Question, told
from tests.faults.logdna import PATIENCE, within
from tests.faults.postgres import AUTH, PostgresSite, asking, get_session, health, ready, signed_up
from tests.faults.proxy import proxied
from tests.faults.service_process import service_process
from tests.service_kit.scripted_sentry import ScriptedSentry, scripted_sentry

UNWRITABLE = "Nobody's name"
"""A name that crashes who stores it."""


@dataclass(frozen=True, slots=True)
class SentrySite(PostgresSite):
    """auth-service, a reader's session of it, and Sentry."""

    sentry: ScriptedSentry


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[SentrySite]:
    """Run auth-service with Sentry behind a proxy."""
    with running_postgres(folder / "postgres", durable=False) as server:
        await asyncio.to_thread(migrate, server.url)
        await forbid_name(server.url)
        async with scripted_sentry() as sentry:
            behind = urlsplit(sentry.dsn).port or 0
            async with proxied(behind) as proxy:
                settings = {
                    "DATABASE_URL": server.url,
                    "MAIL_URL": "off",
                    "SENTRY_DSN": sentry.dsn.replace(f":{behind}/", f":{proxy.port}/"),
                }
                async with (
                    service_process("auth_service", folder, **settings) as auth,
                    asking(auth.address) as http,
                ):
                    yield SentrySite(proxy, auth, http, await signed_up(http), sentry)


async def forbid_name(database: str) -> None:
    """Have the statement fail that stores the name."""
    db = await asyncpg.connect(database)
    try:
        await db.execute("ALTER TABLE \"user\" ADD CHECK (name <> 'Nobody''s name') NOT VALID")
    finally:
        await db.close()


async def crash(site: SentrySite) -> str:
    """Have a request crash; return what its reader was answered, and whether Sentry was told."""
    name = uuid4().hex
    reply = await site.http.post(
        f"{AUTH}/update-user",
        json={"name": UNWRITABLE},
        headers={"cookie": site.cookie, "x-request-id": name},
    )

    def is_told() -> bool:
        return name in {event["tags"].get("request_id") for event in site.sentry.events}

    if site.proxy.mode == "open" and await within(PATIENCE, is_told):
        return f"{told(reply)}, told"
    return told(reply)


FAILED = "500 INTERNAL_SERVER_ERROR"

SENTRY: Dependency[SentrySite] = Dependency(
    name="Sentry",
    prose=(
        "Readers notice nothing. Events leave from a thread of their own; up to a hundred wait, "
        "one is given ten seconds, and what is lost is counted (`telemetry_dropped_total`) "
        "and said every five minutes at most (`sentry_away`)."
    ),
    running=running,
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="200", seconds=3),
        Question("`GET /get-session`", get_session, well="200", away="200", seconds=3),
        Question(
            "a request that crashes",
            crash,
            well=f"{FAILED}, told",
            away=FAILED,
            seconds=3.0 + PATIENCE,
            at_once=1,
        ),
    ),
    recovery=20,
    quick=("refused", "reset"),
    lasts={"refused": 2, "reset": 2, "cut": 2, "black hole": 15, "slow": 15},
    pool=8,
)
