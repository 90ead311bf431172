"""Who is asking: an API key becomes a Caller, by asking auth_service.

Most answers are kept for a moment, so that a program that asks often costs auth_service little:
those about keys whose uses are unlimited. A key with a limit is asked about at each use, since it
is auth_service that counts. What is kept is found by the key's hash; no key stays in memory.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import sha256
from math import ceil
from typing import Generic, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from api_service.auth_service_client import AuthServiceAway, AuthServiceClient
from api_service.identity.caller import Caller
from api_service.identity.revocations import Revocations
from api_service.problems import ApiKeysUnavailable, ApiKeyUsedUp, InvalidApiKey, Problem

log = structlog.get_logger(__name__)

PATH = "/internal/api-keys/verify"

GOOD = timedelta(seconds=60)
"""How long a key that counts is believed to count, unless it is heard to be revoked."""

BAD = timedelta(seconds=5)
"""How long a key that does not count is refused without asking."""

MOST = 10_000
"""Answers kept of either kind; the one longest unused goes first."""

# 64 letters after a prefix of up to 32 signs: nothing else is worth asking about.
_FORM = re.compile(r"[A-Za-z0-9_-]{64,96}")


def looks_like_key(text: str) -> bool:
    """Tell whether a text has the form of a key; no token has, for want of dots."""
    return _FORM.fullmatch(text) is not None


_REASONS = {
    "KEY_DISABLED": "The API key is disabled.",
    "KEY_EXPIRED": "The API key has expired.",
    "USAGE_EXCEEDED": "The API key has no uses left.",
    "RATE_LIMITED": "The API key has been used too often.",
}
_UNKNOWN = "The API key is not known."


class _User(BaseModel):
    id: str
    name: str
    email: str
    software_background: str | None
    hardware_background: str | None
    interest_area: str | None

    model_config = ConfigDict(alias_generator=to_camel)


class _Verified(BaseModel):
    """What auth_service answers; see its api_keys/schemas.py."""

    valid: bool
    cacheable: bool
    code: str = ""
    retry_after_ms: int | None = None
    key_id: str = ""
    expires_at: datetime | None = None
    permissions: dict[str, list[str]] | None = None
    user: _User | None = None
    role: str | None = None

    model_config = ConfigDict(alias_generator=to_camel)


class _Asked(Enum):
    EACH_TIME = "the key's uses are counted"


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a key is refused; a problem is raised anew each time, for it gathers its traceback."""

    code: str
    retry_after: int | None = None

    def problem(self) -> Problem:
        detail = _REASONS.get(self.code, _UNKNOWN)
        if self.code in {"USAGE_EXCEEDED", "RATE_LIMITED"}:
            return ApiKeyUsedUp(detail, retry_after=self.retry_after)
        return InvalidApiKey(detail)


T = TypeVar("T")


class _Kept(Generic[T]):
    """Values that count for a while, MOST of them.

    Args:
        clock: Tells seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._values: OrderedDict[bytes, tuple[float, T]] = OrderedDict()

    def get(self, name: bytes) -> T | None:
        until, value = self._values.get(name, (0.0, None))
        if value is None:
            return None
        if until <= self._clock():
            del self._values[name]
            return None
        self._values.move_to_end(name)
        return value

    def keep(self, name: bytes, value: T, span: timedelta) -> None:
        self._values[name] = (self._clock() + span.total_seconds(), value)
        self._values.move_to_end(name)
        if len(self._values) > MOST:
            self._values.popitem(last=False)


_Answer = Caller | _Refusal


class ApiKeys:
    """Tells whose an API key is.

    Args:
        auth_service: Knows the keys.
        revocations: What has ended since they were asked about; None: nobody tells.
        clock: Tells seconds that never go back.
    """

    def __init__(
        self,
        auth_service: AuthServiceClient,
        revocations: Revocations | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._auth_service = auth_service
        self._revocations = revocations
        self._known: _Kept[Caller | _Asked] = _Kept(clock)
        # Apart, so that a flood of made-up keys pushes out no good one.
        self._refused: _Kept[_Refusal] = _Kept(clock)
        self._asking: dict[bytes, asyncio.Task[_Answer | AuthServiceAway]] = {}

    async def verify(self, key: str) -> Caller:
        """Return the caller a key speaks for.

        Raises:
            InvalidApiKey: It does not hold; the detail says why and quotes nothing.
            ApiKeyUsedUp: It has no uses left, or none at the moment.
            ApiKeysUnavailable: auth_service does not answer.
        """
        if not looks_like_key(key):
            raise InvalidApiKey("The API key is malformed.")
        name = sha256(key.encode()).digest()
        answer = self._kept(name) or await self._heard(name) or await self._ask(name, key)
        if isinstance(answer, AuthServiceAway):
            raise ApiKeysUnavailable("API keys cannot be checked at the moment.") from answer
        if isinstance(answer, _Refusal):
            raise answer.problem()
        return answer

    async def close(self) -> None:
        """End what is still being asked."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _kept(self, name: bytes) -> _Answer | None:
        known = self._known.get(name)
        if isinstance(known, Caller) and self._still_counts(known):
            return known
        return self._refused.get(name)

    def _still_counts(self, known: Caller) -> bool:
        """Tell whether an answer need not be asked for anew.

        Where something has ended the key may count all the same: it outlives its owner's password,
        and can be enabled again. auth_service knows.
        """
        return self._revocations is None or self._revocations.allow(known)

    async def _heard(self, name: bytes) -> _Answer | AuthServiceAway | None:
        """Return what somebody hears who asks about this very key, if it holds for others too."""
        asking = self._asking.get(name)
        if asking is None or self._known.get(name) is _Asked.EACH_TIME:
            return None
        heard = await asyncio.shield(asking)
        return heard if isinstance(heard, AuthServiceAway) else self._kept(name)

    async def _ask(self, name: bytes, key: str) -> _Answer | AuthServiceAway:
        # A task of its own: the request that asks may end before those that wait with it.
        task = asyncio.create_task(self._answer(name, key))
        self._asking.setdefault(name, task)
        task.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(task)

    def _forget(self, name: bytes, task: object) -> None:
        if self._asking.get(name) is task:
            del self._asking[name]

    async def _answer(self, name: bytes, key: str) -> _Answer | AuthServiceAway:
        asked_at = datetime.now(UTC)
        try:
            verified = _Verified.model_validate(await self._auth_service.post(PATH, {"key": key}))
        except AuthServiceAway as error:
            log.warning("auth_service_away", reason=str(error))
            return error
        except ValidationError:
            return AuthServiceAway("NotAsAgreed")
        if verified.valid and verified.user is not None:
            return self._accepted(name, verified, verified.user, asked_at)
        wait = verified.retry_after_ms
        refusal = _Refusal(verified.code, None if wait is None else ceil(wait / 1000))
        if verified.cacheable:
            self._refused.keep(name, refusal, BAD)
        return refusal

    def _accepted(
        self, name: bytes, verified: _Verified, user: _User, asked_at: datetime
    ) -> Caller:
        caller = Caller(
            user_id=user.id,
            session_id=verified.key_id,
            key_id=verified.key_id,
            email=user.email,
            name=user.name,
            software_background=user.software_background or "",
            hardware_background=user.hardware_background or "",
            interest_area=user.interest_area or "",
            role=verified.role or "user",
            issued_at=asked_at,  # what ends later, ends this answer
            expires_at=verified.expires_at,
            permissions=verified.permissions,
        )
        left = GOOD if caller.expires_at is None else caller.expires_at - datetime.now(UTC)
        if verified.cacheable:
            self._known.keep(name, caller, min(GOOD, left))
        else:
            self._known.keep(name, _Asked.EACH_TIME, GOOD)
        return caller
