"""PostgreSQL, as auth-service uses it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.service import ORIGIN, PASSWORD
from tests.faults.cells import Dependency, Question, Site, told
from tests.faults.proxy import proxied
from tests.faults.service_process import service_process

AUTH = "/api/auth"
READER = {"email": "reader@example.com", "password": PASSWORD}


@dataclass(frozen=True, slots=True)
class PostgresSite(Site):
    """auth-service, and a reader's session of it."""

    cookie: str


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[PostgresSite]:
    """Run auth-service with its database behind a proxy."""
    with running_postgres(folder / "postgres", durable=False) as server:
        await asyncio.to_thread(migrate, server.url)
        behind = urlsplit(server.url).port or 0
        async with proxied(behind) as proxy:
            url = server.url.replace(f":{behind}/", f":{proxy.port}/")
            async with (
                service_process("auth_service", folder, DATABASE_URL=url, MAIL_URL="off") as auth,
                asking(auth.address) as http,
            ):
                yield PostgresSite(proxy, auth, http, await signed_up(http))


def asking(address: str) -> httpx.AsyncClient:
    """Return a client that keeps no connection, for none may count as left behind, nor cookies."""
    return httpx.AsyncClient(
        base_url=address,
        headers={"origin": ORIGIN},
        timeout=90,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


async def signed_up(http: httpx.AsyncClient) -> str:
    """Sign the reader up; return the cookie of their session."""
    reply = await http.post(f"{AUTH}/sign-up/email", json={"name": "Mina", **READER})
    return reply.raise_for_status().headers["set-cookie"].partition(";")[0]


async def health(site: Site) -> str:
    """Ask whether the service is alive."""
    return told(await site.http.get("/health"))


async def ready(site: Site) -> str:
    """Ask whether the service is ready, and for what it is not."""
    reply = await site.http.get("/ready")
    away = [name for name, state in reply.json()["dependencies"].items() if state != "ok"]
    return " ".join((str(reply.status_code), *away))


async def sign_in(site: PostgresSite) -> str:
    """Sign in."""
    return told(await site.http.post(f"{AUTH}/sign-in/email", json=READER))


async def get_session(site: PostgresSite) -> str:
    """Read a session."""
    headers = {"cookie": site.cookie}
    return told(await site.http.get(f"{AUTH}/get-session", headers=headers))


POSTGRES: Dependency[PostgresSite] = Dependency(
    name="PostgreSQL",
    prose=(
        "auth-service keeps accounts and sessions there. It goes on running without, refuses what "
        "needs the database, and opens new connections as soon as somebody asks."
    ),
    running=running,
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="503 database", seconds=3),
        Question(
            "`POST /sign-in/email`",
            sign_in,
            well="200",
            away="503 SERVICE_UNAVAILABLE",
            seconds=15,
        ),
        Question(
            "`GET /get-session`",
            get_session,
            well="200",
            away="503 SERVICE_UNAVAILABLE",
            seconds=15,
        ),
    ),
    recovery=5,
    quick=("refused", "reset"),
    pool=8,
)
