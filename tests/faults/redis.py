"""Redis, in which each service counts what is limited."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.book import ingest
from tests.api_service.service import make_settings, make_token
from tests.auth_service.service import TOKEN_SECRET
from tests.faults.cells import Dependency, Question, Site, told
from tests.faults.postgres import (
    PostgresSite,
    asking,
    get_session,
    health,
    ready,
    sign_in,
    signed_up,
)
from tests.faults.proxy import proxied
from tests.faults.service_process import service_process
from tests.service_kit.redis_server import running_redis

MANY = "100000/minute"


@asynccontextmanager
async def counting_sign_ins(folder: Path) -> AsyncIterator[PostgresSite]:
    """Run auth-service with its Redis behind a proxy."""
    with (
        running_postgres(folder / "postgres", durable=False) as server,
        running_redis(folder) as redis,
    ):
        await asyncio.to_thread(migrate, server.url)
        async with (
            proxied(redis.port, cut_after=1) as proxy,
            service_process(
                "auth_service",
                folder,
                DATABASE_URL=server.url,
                MAIL_URL="off",
                RATE_LIMIT="on",
                RATE_LIMIT_STORAGE_URI=f"redis://127.0.0.1:{proxy.port}/0",
                CREDENTIAL_RATE_LIMIT=MANY,
                AUTH_RATE_LIMIT=MANY,
                PASSWORD_TRIES_LIMIT=MANY,
                WRONG_PASSWORD_LIMIT=MANY,
            ) as auth,
            asking(auth.address) as http,
        ):
            yield PostgresSite(proxy, auth, http, await signed_up(http))


@asynccontextmanager
async def counting_answers(folder: Path) -> AsyncIterator[Site]:
    """Run api-service with its Redis behind a proxy."""
    await ingest(make_settings(folder / "data"))
    with running_redis(folder) as redis:
        async with (
            proxied(redis.port, cut_after=1) as proxy,
            service_process(
                "api_service",
                folder,
                REVOCATIONS="off",
                RATE_LIMIT="on",
                RATE_LIMIT_STORAGE_URI=f"redis://127.0.0.1:{proxy.port}/0",
                CHAT_RATE_LIMIT=MANY,
                CHAT_STREAMS="100",
                CHAT_TOKENS_A_DAY="100000000",
            ) as api,
            asking(api.address) as http,
        ):
            http.headers["authorization"] = f"Bearer {make_token(TOKEN_SECRET)}"
            yield Site(proxy, api, http)


async def ask(site: Site) -> str:
    """Ask a question."""
    body = {"message": "What is an inertial measurement unit?"}
    return told(await site.http.post("/v1/chat", json=body))


async def search(site: Site) -> str:
    """Search the book."""
    return told(await site.http.get("/v1/search", params={"q": "lidar"}))


async def usage(site: Site) -> str:
    """Ask what is left of the limits."""
    return told(await site.http.get("/v1/usage"))


async def me(site: Site) -> str:
    """Ask whose the token is."""
    return told(await site.http.get("/v1/me"))


_AWAY = "503 limit-unavailable"

SIGN_INS: Dependency[PostgresSite] = Dependency(
    name="Redis, for auth-service",
    prose=(
        "With `RATE_LIMIT_STORAGE_URI` requests and passwords are counted there. Routes that take "
        "a password are refused without, since guessing would have no bound; the others go on "
        "uncounted. A Redis that does not answer within a second is left alone for another, so "
        "that not every request waits for it."
    ),
    running=counting_sign_ins,
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="200 limits", seconds=3),
        Question(
            "`POST /sign-in/email`", sign_in, well="200", away="503 SERVICE_UNAVAILABLE", seconds=3
        ),
        Question("`GET /get-session`", get_session, well="200", away="200", seconds=3),
    ),
    recovery=5,
    quick=("reset", "cut"),
    pool=16,
)

ANSWERS: Dependency[Site] = Dependency(
    name="Redis, for api-service",
    prose=(
        "With `RATE_LIMIT_STORAGE_URI` questions, answers under way and tokens are counted there. "
        "What is not counted is not answered: a question may cost money. Whose token it is, is "
        "told all the same."
    ),
    running=counting_answers,
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="503 limits", seconds=3),
        Question("`POST /v1/chat`", ask, well="200", away=_AWAY, seconds=3),
        Question("`GET /v1/search`", search, well="200", away=_AWAY, seconds=3),
        Question("`GET /v1/usage`", usage, well="200", away=_AWAY, seconds=3),
        Question("`GET /v1/me`", me, well="200", away="200", seconds=3),
    ),
    recovery=5,
    quick=("reset", "cut"),
    pool=16,
)
