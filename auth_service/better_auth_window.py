"""Better Auth's way to count: a window that slides from the last request it allowed."""

import time

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import RateLimiter
from limits.util import WindowStats

from service_kit.rate_limit import redis_client
from service_kit.window_storage import WindowStorage


class BetterAuthWindow(RateLimiter):
    """A strategy of `limits`: the count starts anew when nothing was allowed for a whole window.

    One counter a key. Adding to it is atomic in every storage, so of several requests at once no
    more get through than the limit says; only an allowed one moves the counter's end.
    """

    async def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Count a request; say whether it is allowed."""
        key = item.key_for(*identifiers)
        if await self.storage.incr(key, item.get_expiry(), cost) > item.amount:
            return False
        await _extend(self.storage, key, item.get_expiry())
        return True

    async def test(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Say whether a request would be allowed."""
        return await self.storage.get(item.key_for(*identifiers)) + cost <= item.amount

    async def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """Return when the window ends if nothing more is allowed, and how many are left."""
        key = item.key_for(*identifiers)
        left = max(0, item.amount - await self.storage.get(key))
        ends = await self.storage.get_expiry(key) if left < item.amount else time.time()
        return WindowStats(ends, left)


async def _extend(storage: object, key: str, seconds: int) -> None:
    """Have a counter end so many seconds from now; `limits` has no word for it."""
    if isinstance(storage, RedisStorage) and (client := redis_client(storage)):
        await client.expire(storage.bridge.prefixed_key(key), seconds)
    elif isinstance(storage, WindowStorage):
        await storage.extend(key, seconds)
