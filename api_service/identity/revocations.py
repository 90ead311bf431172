"""Tokens that count no more before their time: heard of from auth-service, looked up in memory.

A task of this process follows auth-service's feed. A request asks nobody: what it costs is a look
into two dictionaries.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import Literal, NamedTuple

import structlog
from pydantic import BaseModel, Field, ValidationError

from api_service.auth_service_client import AuthServiceAway, AuthServiceClient
from api_service.identity.caller import Caller
from api_service.problems import InvalidToken, RevocationsUnknown

log = structlog.get_logger(__name__)

PATH = "/internal/revocations"

WAIT_SECONDS = 5
"""How long auth-service may let a question wait for news."""

PAUSE_SECONDS = 0.1
RETRY_SECONDS = 1.0
ANSWER_SECONDS = 5.0  # beyond the wait

START_SECONDS = 2.0
"""How long a start waits for what has been revoked so far."""


class SessionRevoked(Exception):
    """The token was drawn with a session, or an API key, that has ended."""


class UserRevoked(Exception):
    """The token's user has been deleted, or all tokens of that time were ended."""


class Entry(BaseModel):
    """An entry of the feed, as auth-service tells it; times in seconds since 1970."""

    kind: str
    value: str
    not_before: float | None = Field(alias="notBefore")
    until: float


class Page(BaseModel):
    """A part of the feed, as auth-service tells it."""

    entries: Sequence[Entry]
    last: str
    anew: bool
    more: bool


class _End(NamedTuple):
    not_before: float  # tokens issued earlier count no more; infinity: no token does
    until: float


class _Ends:
    """What has ended, by session and by user; the oldest entries first."""

    __slots__ = ("sessions", "users")

    def __init__(self) -> None:
        self.sessions: dict[str, _End] = {}
        self.users: dict[str, _End] = {}

    def add(self, entry: Entry) -> None:
        """Add an entry; of several about one id the last counts."""
        ends = {"session": self.sessions, "user": self.users}.get(entry.kind)
        if ends is None:
            return  # a newer auth-service's, about what this api-service does not know
        ends.pop(entry.value, None)  # so that it comes last
        not_before = inf if entry.not_before is None else entry.not_before
        ends[entry.value] = _End(not_before, entry.until)

    def forget(self, now: float) -> None:
        """Drop the entries whose tokens have all expired, as far as they are the oldest."""
        for ends in (self.sessions, self.users):
            while ends and ends[oldest := next(iter(ends))].until <= now:
                del ends[oldest]


class Revocations:
    """Which tokens count no more, as far as auth-service has told.

    Args:
        required: Whether tokens are refused while nothing is heard.
        silence_seconds: How long nothing may be heard.
        clock: Tells seconds since some moment, steadily.
    """

    def __init__(
        self,
        *,
        required: bool,
        silence_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.silence_seconds = silence_seconds
        self._required = required
        self._clock = clock
        self._known = _Ends()
        self._coming: _Ends | None = None  # told anew, and not yet to the end
        self._heard: float | None = None
        self._began = clock()

    def allow(self, caller: Caller) -> bool:
        """Tell whether a caller's token is known to count, as far as that must be known."""
        try:
            self.check(caller)
        except (InvalidToken, RevocationsUnknown):
            return False
        return True

    def check(self, caller: Caller) -> None:
        """Return if a caller's token still counts.

        Raises:
            InvalidToken: It has been revoked.
            RevocationsUnknown: It cannot be judged, and must be.
        """
        end = self._known.sessions.get(caller.session_id)
        if end is not None and caller.issued_at.timestamp() < end.not_before:
            raise _revoked() from SessionRevoked()
        end = self._known.users.get(caller.user_id)
        if end is not None and caller.issued_at.timestamp() < end.not_before:
            raise _revoked() from UserRevoked()
        if self._required and self.state != "following":
            raise RevocationsUnknown("Whether the token was revoked is not known at the moment.")

    def learn(self, page: Page) -> None:
        """Take in a part of the feed. What is told anew takes the old's place when it is whole."""
        if page.anew:
            self._coming = _Ends()
        ends = self._known if self._coming is None else self._coming
        for entry in page.entries:
            ends.add(entry)
        if not page.more:
            self._known, self._coming = ends, None
            self._known.forget(time.time())
            self._heard = self._clock()

    @property
    def state(self) -> Literal["starting", "following", "silent"]:
        """Whether the feed has been heard, and lately."""
        if self._heard is None:
            return "starting"
        return "following" if self._age() <= self.silence_seconds else "silent"

    @property
    def silent_for(self) -> float:
        """Seconds since the feed was last heard; since the start, where it never was."""
        return self._clock() - (self._began if self._heard is None else self._heard)

    def told(self) -> dict[str, str | int | float | None]:
        """Return the feed's state, the seconds since it was last heard, and how much is known."""
        return {
            "state": self.state,
            "age_seconds": None if self._heard is None else round(self._age(), 1),
            "entries": len(self._known.sessions) + len(self._known.users),
        }

    async def probe(self) -> None:
        """Return if the feed has been heard lately.

        Raises:
            AuthServiceAway: It has not.
        """
        if self.state != "following":
            raise AuthServiceAway(self.state)

    def _age(self) -> float:
        return self._clock() - (self._heard or 0.0)


@asynccontextmanager
async def followed(
    revocations: Revocations, auth_service: AuthServiceClient
) -> AsyncIterator[Revocations]:
    """Follow the feed for as long as the context lasts.

    Returns when all that has been revoked so far is known, or after the first try: whether tokens
    count without it is the setting's to say, and a service that did not start would count none.
    """
    tried = asyncio.Event()
    following = asyncio.create_task(_follow(revocations, auth_service, tried))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                await tried.wait()
        yield revocations
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _follow(
    revocations: Revocations, auth_service: AuthServiceClient, tried: asyncio.Event
) -> None:
    last, heard = "", True
    wait = max(0, min(WAIT_SECONDS, int(revocations.silence_seconds / 2)))
    while True:
        pause = PAUSE_SECONDS
        try:
            page = await _ask(auth_service, last, wait)
            revocations.learn(page)
        except Exception as error:  # noqa: BLE001 -- whatever it is, following goes on
            if heard:
                reason = str(error) if isinstance(error, AuthServiceAway) else type(error).__name__
                log.warning("revocations_silent", reason=reason)
            heard, pause = False, RETRY_SECONDS
        else:
            if not heard:
                log.info("revocations_heard_again")
            if page.anew and last:
                log.warning("revocations_told_anew")
            heard, last = True, page.last
            if page.more:
                continue
        tried.set()
        await asyncio.sleep(pause)


async def _ask(auth_service: AuthServiceClient, last: str, wait: int) -> Page:
    """Return what follows `last`, or the beginning of all without one.

    Raises:
        AuthServiceAway: There is no such answer.
    """
    query: dict[str, str | int] = {"after": last, "wait": wait} if last else {}
    answer = await auth_service.get(PATH, seconds=wait + ANSWER_SECONDS, **query)
    try:
        return Page.model_validate(answer)
    except ValidationError as error:
        raise AuthServiceAway("NotTheFeed") from error


def _revoked() -> InvalidToken:
    return InvalidToken("The token has been revoked.")
