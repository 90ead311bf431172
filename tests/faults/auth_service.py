"""auth-service, as api-service asks it: what was revoked, whose an API key is, and its keys."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.book import ingest
from tests.api_service.service import make_settings
from tests.faults.cells import Dependency, Question, Site, told
from tests.faults.postgres import AUTH, READER, asking, health, ready, signed_up
from tests.faults.proxy import proxied
from tests.faults.service_process import service_process

ORIGIN = "http://localhost:3001"
"""What auth-service calls itself, whoever stands before it."""

SILENCE_SECONDS = 6
"""REVOCATIONS_SILENCE_SECONDS; 60 unless set."""

HEARD_SECONDS = 2.0
"""Within which a token that was revoked is refused."""


@dataclass(frozen=True, slots=True)
class AuthSite(Site):
    """api-service; and auth-service, with no proxy before it.

    Attributes:
        auth: Asks auth-service.
        cookie: A reader's session there.
        token: Theirs, of HS256.
        of_eddsa: Theirs, of EdDSA.
    """

    auth: httpx.AsyncClient
    cookie: str
    token: str
    of_eddsa: str


@asynccontextmanager
async def running(folder: Path, revocations: str) -> AsyncIterator[AuthSite]:
    """Run both services, with a proxy between them."""
    await ingest(make_settings(folder / "data"))
    with running_postgres(folder / "postgres", durable=False) as server:
        await asyncio.to_thread(migrate, server.url)
        async with (
            service_process(
                "auth_service",
                folder,
                DATABASE_URL=server.url,
                MAIL_URL="off",
                BETTER_AUTH_URL=ORIGIN,
            ) as auth,
            proxied(urlsplit(auth.address).port or 0) as proxy,
            service_process(
                "api_service",
                folder,
                AUTH_SERVICE_URL=f"http://127.0.0.1:{proxy.port}",
                BETTER_AUTH_URL=ORIGIN,
                REVOCATIONS=revocations,
                REVOCATIONS_SILENCE_SECONDS=str(SILENCE_SECONDS),
            ) as api,
            asking(auth.address) as auth_http,
            asking(api.address) as http,
        ):
            cookie = await signed_up(auth_http)
            tokens = [
                (await auth_http.get(f"{AUTH}/{path}", headers={"cookie": cookie})).json()["token"]
                for path in ("jwt", "token")
            ]
            yield AuthSite(proxy, api, http, auth_http, cookie, *tokens)


async def me(site: AuthSite) -> str:
    """Ask whose a token is."""
    return await _whose(site, site.token)


async def me_of_eddsa(site: AuthSite) -> str:
    """Ask whose a token of the other kind is, whose keys are known."""
    return await _whose(site, site.of_eddsa)


async def new_key(site: AuthSite) -> str:
    """Ask whose an API key is that was never used."""
    headers, made = {"cookie": site.cookie}, {"name": "new"}
    reply = await site.auth.post(f"{AUTH}/api-key/create", json=made, headers=headers)
    key = reply.raise_for_status().json()["key"]
    return told(await site.http.get("/v1/me", headers={"x-api-key": key}))


async def revoked(site: AuthSite) -> str:
    """Ask with a token whose session has just ended, until it is refused or should have been."""
    reply = await site.auth.post(f"{AUTH}/sign-in/email", json=READER)
    headers = {"cookie": reply.raise_for_status().headers["set-cookie"].partition(";")[0]}
    token = (await site.auth.get(f"{AUTH}/jwt", headers=headers)).json()["token"]
    (await site.auth.post(f"{AUTH}/sign-out", headers=headers)).raise_for_status()
    give_up_at = time.monotonic() + HEARD_SECONDS
    while time.monotonic() < give_up_at:
        await asyncio.sleep(0.1)
        answer = await _whose(site, token)
        if answer != "200":
            return answer
    return "200"


async def _whose(site: AuthSite, token: str) -> str:
    return told(await site.http.get("/v1/me", headers={"authorization": f"Bearer {token}"}))


_KEY = "`GET /v1/me`, an API key not used before"
_EDDSA = "`GET /v1/me`, a token of EdDSA"
_REVOKED = "`GET /v1/me`, a token just revoked"
_TOKEN = "`GET /v1/me`, a token"


def _with(revocations: str) -> Callable[[Path], AbstractAsyncContextManager[AuthSite]]:
    return partial(running, revocations=revocations)


BEST_EFFORT: Dependency[AuthSite] = Dependency(
    name="auth-service, for api-service",
    prose=(
        "api-service checks tokens by itself, so nobody who has one notices. It hears from "
        "auth-service what was revoked before its time, whose an API key is (believed for a "
        "minute) and the public keys of EdDSA (kept as long as nothing newer is known). With "
        "`REVOCATIONS=best-effort`, as it is unless set, a token that is revoked meanwhile counts "
        "until auth-service is heard again; `/ready` says so once nothing was heard for "
        f"`REVOCATIONS_SILENCE_SECONDS`, here {SILENCE_SECONDS}."
    ),
    running=_with("best-effort"),
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="200 revocations", seconds=3),
        Question(_TOKEN, me, well="200", away="200", seconds=3),
        Question(_EDDSA, me_of_eddsa, well="200", away="200", seconds=3),
        Question(_KEY, new_key, well="200", away="503 api-keys-unavailable", seconds=9),
        Question(_REVOKED, revoked, well="401 invalid-token", away="200", seconds=5, at_once=1),
    ),
    recovery=20,
    quick=("reset", "cut"),
    pool=4,
    felt=SILENCE_SECONDS + 1,
)

REQUIRED: Dependency[AuthSite] = Dependency(
    name="auth-service, for api-service that requires it",
    prose=(
        "With `REVOCATIONS=required` no token counts once nothing was heard for "
        f"`REVOCATIONS_SILENCE_SECONDS`, here {SILENCE_SECONDS}: better nobody is answered than "
        "somebody who was signed out."
    ),
    running=_with("required"),
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="503 revocations", seconds=3),
        Question(_TOKEN, me, well="200", away="503 revocations-unknown", seconds=3),
        Question(_EDDSA, me_of_eddsa, well="200", away="503 revocations-unknown", seconds=3),
        Question(_KEY, new_key, well="200", away="503 api-keys-unavailable", seconds=9),
        Question(
            _REVOKED,
            revoked,
            well="401 invalid-token",
            away="503 revocations-unknown",
            seconds=5,
            at_once=1,
        ),
    ),
    recovery=20,
    quick=(),
    pool=4,
    felt=SILENCE_SECONDS + 1,
)
