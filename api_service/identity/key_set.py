"""The public keys of auth-service (RFC 7517), kept in the process and asked for when needed.

Nothing that a token of HS256 is asked for comes by here.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from nacl.signing import VerifyKey

from api_service.auth_service_client import AuthServiceAway, AuthServiceClient
from api_service.identity.compact import Malformed, base64url_decoded
from api_service.problems import KeysUnavailable

log = structlog.get_logger(__name__)

PATH = "/api/auth/jwks"

PAUSE_SECONDS = 30.0
"""Least time between two questions, whatever tokens come: anybody can make up a `kid`."""

OLD_SECONDS = 300.0
"""Keys of this age are asked for anew, meanwhile used: one that is listed no more ends so."""

_MOST_KEYS = 100
_X = re.compile(r"[\w-]{43}", re.ASCII)  # 32 bytes


class KeyLookup(Protocol):
    """Where a key is looked up; a mapping is one."""

    def get(self, kid: str, /) -> VerifyKey | None:
        """Return the key of that id, None where there is none."""
        ...


class KeySet:
    """The keys, as far as auth-service has told.

    Args:
        client: Asks it.
        origin: Of auth-service as readers reach it, which its tokens name.
        clock: Tells seconds since some moment, steadily.
    """

    def __init__(
        self,
        client: AuthServiceClient,
        origin: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = origin
        self._client = client
        self._clock = clock
        self._keys: Mapping[str, VerifyKey] = {}
        self._told_at: float | None = None
        self._asked_at: float | None = None
        self._answered = False
        self._asking: asyncio.Task[None] | None = None

    def get(self, kid: str, /) -> VerifyKey | None:
        """Return a key; where what is known is old, have it asked for meanwhile."""
        if self._told_at is not None and self._clock() >= self._told_at + OLD_SECONDS:
            self._ask()
        return self._keys.get(kid)

    async def refreshed(self) -> None:
        """Return when the keys are as new as they may be; of many who wait, one asks.

        Raises:
            KeysUnavailable: When last asked, auth-service has not answered.
        """
        asking = self._ask()
        if asking is not None:
            await asyncio.shield(asking)
        if not self._answered:
            raise KeysUnavailable("Tokens of this kind cannot be checked at the moment.")

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _ask(self) -> asyncio.Task[None] | None:
        """Return the question under way, a new one if its time has come, else None."""
        if self._asking is not None and not self._asking.done():
            return self._asking
        now = self._clock()
        if self._asked_at is not None and now < self._asked_at + PAUSE_SECONDS:
            return None
        self._asked_at = now
        self._asking = asyncio.create_task(self._fetch())
        return self._asking

    async def _fetch(self) -> None:
        try:
            self._keys = _read(await self._client.get(PATH))
        except AuthServiceAway as error:
            self._answered = False
            log.warning("keys_unavailable", reason=str(error))
        else:
            self._answered = True
            self._told_at = self._clock()
            log.info("keys_told", keys=len(self._keys))


def _read(answer: Mapping[str, object]) -> Mapping[str, VerifyKey]:
    """Return the keys of Ed25519 among those listed; others are no concern of ours.

    Raises:
        AuthServiceAway: It is no list of keys.
    """
    listed = answer.get("keys")
    if not isinstance(listed, list):
        raise AuthServiceAway("NoKeySet")
    keys: dict[str, VerifyKey] = {}
    for jwk in listed[:_MOST_KEYS]:
        kid = jwk.get("kid") if isinstance(jwk, dict) else None
        if isinstance(kid, str) and _is_ours(jwk) and _X.fullmatch(jwk["x"]):
            try:
                keys[kid] = VerifyKey(base64url_decoded(jwk["x"]))
            except Malformed:
                continue
    return keys


def _is_ours(jwk: Mapping[str, object]) -> bool:
    return (
        jwk.get("kty") == "OKP"
        and jwk.get("crv") == "Ed25519"
        and jwk.get("alg", "EdDSA") == "EdDSA"
        and jwk.get("use", "sig") == "sig"
        and isinstance(jwk.get("x"), str)
    )
