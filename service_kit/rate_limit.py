"""So many requests per window and key, counted in this process or in a Redis that several share.

The notation is slowapi's; the windows and the Redis storage are those of `limits`, beneath it.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import structlog
from limits import RateLimitItem
from limits.aio.storage import RedisStorage, Storage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import MovingWindowRateLimiter, RateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from pydantic import AfterValidator, SecretStr
from slowapi.wrappers import LimitGroup

from service_kit.metrics import Counter
from service_kit.window_storage import WindowStorage

if TYPE_CHECKING:  # a tenth of a second to import, for those who count in Redis only
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

MEMORY = "memory://"

LIMITED = Counter("rate_limited_total", "Requests refused, by the limit they met.", {"limit": ()})
STORE_ERRORS = Counter(
    "rate_limit_store_unavailable_total", "Times that the Redis where limits are counted was away."
)

METRICS = (LIMITED, STORE_ERRORS)

_SCHEMES = ("redis://", "rediss://", "redis+unix://")
_SECONDS = 1.0
_PARTS = 10  # that time is counted in
_AT_ONCE = 16  # questions the store is asked, and so connections to it


def _items(rate: str) -> list[RateLimitItem]:
    group = LimitGroup(rate, str, None, False, None, None, None, 1, False)  # noqa: FBT003 -- slowapi's
    return [each.limit for each in group]


def _rate(value: str) -> str:
    try:
        limits = _items(value)
    except ValueError:
        limits = []
    # None at all, or none allowed, would be a service switched off.
    if not limits or any(limit.amount < 1 for limit in limits):
        raise ValueError("is not a limit such as 10/minute or 500/day")
    return value


def _storage_uri(value: SecretStr) -> SecretStr:
    uri = value.get_secret_value()
    try:
        known = uri == MEMORY or (uri.startswith(_SCHEMES) and _redis(uri) is not None)
    except (ConfigurationError, ValueError):
        known = False
    if not known:
        raise ValueError(f"is no address such as {MEMORY} or redis://host:6379/0")
    return value


Rate = Annotated[str, AfterValidator(_rate)]
"""A limit in slowapi's notation, such as "10/minute"; several at once: "5/minute;30/hour"."""

StorageUri = Annotated[SecretStr, AfterValidator(_storage_uri)]
"""Where requests are counted; secret, because it may hold the server's password."""


class RateLimited(Exception):
    """The key has used up its requests.

    Attributes:
        retry_after: Whole seconds until the next request is allowed, at least 1.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after} s.")
        self.retry_after = retry_after


class RateStoreDown(Exception):
    """Where requests are counted does not answer; whoever asked decides what that means."""


class RateStore:
    """Where requests are counted; connects when first used.

    Args:
        uri: `memory://` counts in this process; `redis://…`, `rediss://…` and `redis+unix://…`
            for all processes alike.
        seconds: What it may take to answer, and how long it is left alone after it did not.

    Attributes:
        can_be_away: Whether it is a server, to be seen in /ready.
    """

    def __init__(self, uri: str = MEMORY, *, seconds: float = _SECONDS) -> None:
        self.storage: Storage = WindowStorage() if uri == MEMORY else _redis(uri)
        self.can_be_away = uri != MEMORY
        self._seconds = seconds
        self._failures: tuple[type[Exception], ...] = (
            OSError,
            RuntimeError,  # uvloop's, of a connection that was reset
            *_as_tuple(self.storage.base_exceptions),
        )
        self._asked_again_at = 0.0
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, question: Callable[[], Awaitable[Result]]) -> Result:
        """Return what question returns, within the store's seconds.

        After a failure the store is left alone for as long, so that a request that can do
        without it does not wait for each of its time-outs. They begin when it is asked: of a
        crowd most wait here first, where a connection for each would take longer to open than
        the store to answer.

        Raises:
            RateStoreDown: The store does not answer.
        """
        async with self._room:
            if time.monotonic() < self._asked_again_at:
                raise RateStoreDown
            try:
                return await self._heard(question)
            except self._failures as error:
                self._asked_again_at = time.monotonic() + self._seconds
                log.warning("rate_limit_store_unavailable", error=type(error).__name__)
                STORE_ERRORS.add()
                await self._drop_idle()
                raise RateStoreDown from error

    async def probe(self) -> None:
        """Make sure that requests can be counted.

        Raises:
            RateStoreDown: The store does not answer.
        """
        if client := redis_client(self.storage):
            await self.ask(client.ping)

    async def _drop_idle(self) -> None:
        """Close what may be as silent as the connection that was; each would cost a time-out.

        Firewalls and failovers forget connections without a word.
        """
        if client := redis_client(self.storage):
            await client.connection_pool.disconnect(inuse_connections=False)

    async def _heard(self, question: Callable[[], Awaitable[Result]]) -> Result:
        """Return what question returns; a pause of our own process counts as one part of the time.

        With a clock, a process that was held up would take a store for dead whose answer has long
        been there.
        """
        if not self.can_be_away:
            return await question()
        asking = asyncio.ensure_future(question())
        try:
            for _ in range(_PARTS):
                await asyncio.wait({asking}, timeout=self._seconds / _PARTS)
                if asking.done():
                    return asking.result()
            raise TimeoutError
        finally:
            if not asking.done():
                asking.cancel()
                await asyncio.wait({asking})

    async def close(self) -> None:
        """Close the connections."""
        if client := redis_client(self.storage):
            await client.aclose()


@dataclass(frozen=True, slots=True)
class Window:
    """How a key stands in one window of a limit.

    Attributes:
        limit: Most requests.
        seconds: How long the window is.
        remaining: Requests it still has room for.
        reset: Whole seconds until it has room for one more than now; 0 where it is empty.
    """

    limit: int
    seconds: int
    remaining: int
    reset: int


class RateLimit:
    """One limit, counted per key.

    slowapi's decorator counts after the body has been read and the route resolved, and waits for
    Redis on the event loop. Counting is meant to come first and to let others go on meanwhile, so
    `limits` is asked directly.

    Args:
        limit: In slowapi's notation; of several, each must have room.
        store: Where it is counted.
        name: Tells its counts from those of other limits in the same store.
        strategy: The kind of window.
    """

    def __init__(
        self,
        limit: Rate,
        store: RateStore,
        *,
        name: str,
        strategy: type[RateLimiter] = MovingWindowRateLimiter,
    ) -> None:
        self._items = _items(limit)
        self._store = store
        self._name = name
        self._strategy = strategy(store.storage)

    async def hit(self, key: str) -> None:
        """Count one request of key.

        Raises:
            RateLimited: A window is full; nothing was counted in it.
            RateStoreDown: The store does not answer.
        """
        for item in self._items:
            if not await self._store.ask(partial(self._strategy.hit, item, self._name, key)):
                LIMITED.add(self._name)
                raise RateLimited(await self._seconds(item, key))

    async def wait(self, key: str) -> int:
        """Return the seconds until key has room again, 0 where it has; nothing is counted.

        Raises:
            RateStoreDown: The store does not answer.
        """
        longest = 0
        for item in self._items:
            if not await self._store.ask(partial(self._strategy.test, item, self._name, key)):
                longest = max(longest, await self._seconds(item, key))
        return longest

    async def windows(self, key: str) -> list[Window]:
        """Return how key stands in each window; nothing is counted.

        Raises:
            RateStoreDown: The store does not answer.
        """
        told = []
        for item in self._items:
            stats = partial(self._strategy.get_window_stats, item, self._name, key)
            reset_at, remaining = await self._store.ask(stats)
            reset = math.ceil(reset_at - time.time()) if remaining < item.amount else 0
            told.append(Window(item.amount, item.get_expiry(), remaining, max(0, reset)))
        return told

    async def forget(self, key: str) -> None:
        """Drop what was counted of key.

        Raises:
            RateStoreDown: The store does not answer.
        """
        for item in self._items:
            await self._store.ask(partial(self._strategy.clear, item, self._name, key))

    async def _seconds(self, item: RateLimitItem, key: str) -> int:
        stats = partial(self._strategy.get_window_stats, item, self._name, key)
        reset_at, _ = await self._store.ask(stats)
        return max(1, math.ceil(reset_at - time.time()))


def redis_client(storage: object) -> "Redis | None":
    """Return the connections of a storage in Redis, None of any other."""
    if isinstance(storage, RedisStorage) and isinstance(storage.bridge, RedispyBridge):
        # limits describes less of it than it is.
        return cast("Redis", storage.bridge.get_connection())
    return None


def _redis(uri: str) -> Storage:
    storage = storage_from_string(f"async+{uri}", implementation="redispy")
    assert isinstance(storage, Storage)  # noqa: S101 -- async+ asks for it; limits types it wider
    return storage


def _as_tuple(
    errors: type[Exception] | tuple[type[Exception], ...],
) -> tuple[type[Exception], ...]:
    return errors if isinstance(errors, tuple) else (errors,)
