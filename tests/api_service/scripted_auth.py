"""auth-service's key set on loopback, and the tokens its keys sign."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nacl.signing import SigningKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.loopback import serving

ORIGIN = "https://auth.book.test"


@dataclass
class ScriptedAuth:
    """What the server answers, and how often it was asked.

    Attributes:
        url: To be set as AUTH_SERVICE_URL.
        keys: By kid; listed as auth-service lists them.
        answer: Sent in place of the list.
        pause: Set, it waits for it before it answers.
        asked: How often.
        reached: Set once it was asked.
    """

    url: str = ""
    keys: dict[str, SigningKey] = field(default_factory=dict)
    answer: Response | None = None
    pause: asyncio.Event | None = None
    asked: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def make_key(self, kid: str = "key-1") -> SigningKey:
        key = self.keys[kid] = SigningKey.generate()
        return key

    async def list_keys(self, _request: Request) -> Response:
        self.asked += 1
        self.reached.set()
        if self.pause is not None:
            await self.pause.wait()
        return self.answer or JSONResponse(
            {"keys": [listed(kid, key) for kid, key in self.keys.items()]}
        )


def listed(kid: str, key: SigningKey) -> dict[str, object]:
    x = _base64url(bytes(key.verify_key))
    return {"alg": "EdDSA", "crv": "Ed25519", "x": x, "kty": "OKP", "kid": kid}


def eddsa_token(key: SigningKey, kid: str = "key-1", **changes: object) -> str:
    """Return a token as GET /api/auth/token hands it out; a change of None leaves a claim out."""
    now = int(time.time())
    claims: dict[str, object] = {
        "iat": now,
        "name": "Ada",
        "email": "reader@book.test",
        "softwareBackground": "Python",
        "interestArea": None,
        "id": "user-1",
        "sub": "user-1",
        "sid": "session-1",
        "jti": "token-1",
        "exp": now + 900,
        "iss": ORIGIN,
        "aud": ORIGIN,
    } | changes
    told = {name: value for name, value in claims.items() if value is not None}
    parts = (json.dumps(part).encode() for part in ({"alg": "EdDSA", "kid": kid}, told))
    signed = ".".join(_base64url(part) for part in parts)
    return f"{signed}.{_base64url(key.sign(signed.encode()).signature)}"


@asynccontextmanager
async def scripted_auth() -> AsyncIterator[ScriptedAuth]:
    script = ScriptedAuth()
    routes = [Route("/api/auth/jwks", script.list_keys)]
    async with serving(Starlette(routes=routes)) as script.url:
        yield script


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
