"""The service under test: its settings, tokens it accepts, and a client that speaks HTTP to it."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import httpx
import jwt
from pydantic import SecretStr

from api_service.app import create_app
from api_service.settings import Settings
from tests.api_service.scripted_openai import ScriptedOpenAI
from tests.loopback import serving

SECRET = "4b1d0f7a9c2e5836d7f0a1b2c3e4d5f60718293a4b5c6d7e"


def make_settings(
    data_dir: Path,
    *,
    openai: ScriptedOpenAI | None = None,
    qdrant_url: str | None = None,
    llm_model: str = "gpt-4o-mini",
    deadline: float = 30.0,
    model_silence: float = 15.0,
    fallback: Literal["none", "extractive"] = "none",
    limit: str | None = None,
    counted_in: str = "memory://",
    origins: tuple[str, ...] = ("http://localhost:3000",),
    revocations: Literal["off", "best-effort", "required"] = "off",
    silence: float = 60.0,
    auth_service: str = "http://127.0.0.1:1",
) -> Settings:
    """Return settings that depend on nothing but what is given."""
    return Settings(
        data_dir=data_dir,
        qdrant_url=qdrant_url,
        qdrant_api_key=None,
        openai_api_key=SecretStr("sk-scripted") if openai else None,
        openai_base_url=openai.base_url if openai else None,
        embedding_model="text-embedding-3-small",
        embedding_dimensions=None,
        jwt_secret=SecretStr(SECRET),
        llm_model=tuple(llm_model.split(",")),
        chat_deadline_ms=round(deadline * 1000),
        llm_silence_ms=round(model_silence * 1000),
        fallback=fallback,
        rate_limit=limit is not None,
        chat_rate_limit=limit or "20/minute",
        rate_limit_storage_uri=SecretStr(counted_in),
        trusted_origins=origins,
        workers=1,
        revocations=revocations,
        revocations_silence_seconds=silence,
        auth_service_url=auth_service,
    )


def make_claims(**changes: object) -> dict[str, object]:
    """Return the claims auth_service puts into a token; a change of None leaves one out."""
    now = int(time.time())
    claims: dict[str, object] = {
        "sub": "user-1",
        "userId": changes.get("sub") or "user-1",
        "email": "reader@book.test",
        "name": "Ada",
        "emailVerified": False,
        "softwareBackground": "Python",
        "hardwareBackground": "Arduino",
        "interestArea": "walking robots",
        "sid": "session-1",
        "jti": "token-1",
        "iat": now,
        "nbf": now,
        "exp": now + 604_800,
        "iss": "auth-service",
        "aud": "api-service",
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def make_token(secret: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    return jwt.encode(make_claims(**changes), secret, algorithm=algorithm)


def bearer(token: str | None = None) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token or make_token()}"}


@asynccontextmanager
async def running_service(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Serve it over HTTP; the client sends a valid token unless told otherwise."""
    async with (
        serving(create_app(settings)) as address,
        httpx.AsyncClient(base_url=address, headers=bearer(), timeout=20) as http,
    ):
        yield http
