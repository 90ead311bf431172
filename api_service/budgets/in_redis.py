"""Counts kept in a Redis, for all processes together.

Each call is one script: Redis runs nothing else meanwhile, so what it finds is true when it writes.
Tokens lie in a hash with the fields used and reserved; places in a sorted set of leases by the
moment each runs out, told by Redis's own clock.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from api_service.budgets import Balance, Counter, Full, Places
from service_kit.rate_limit import RateStore

if TYPE_CHECKING:  # as in service_kit.rate_limit
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

PREFIX = "budgets:"
"""What the names of all keys begin with."""

# ARGV: tokens, then the limit and the end of each key's counter.
_RESERVE = """
local tokens = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'used', 'reserved')
  local used, reserved = tonumber(held[1] or 0), tonumber(held[2] or 0)
  if used + reserved + tokens > tonumber(ARGV[2 * i]) then
    return {i, used, reserved}
  end
end
for i, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, 'reserved', tokens)
  redis.call('EXPIREAT', key, ARGV[2 * i + 1])
end
return {0, 0, 0}
"""

# ARGV: tokens reserved, tokens used, then the end of each key's counter.
_SETTLE = """
for i, key in ipairs(KEYS) do
  local reserved = tonumber(redis.call('HGET', key, 'reserved') or 0)
  redis.call('HSET', key, 'reserved', math.max(0, reserved - tonumber(ARGV[1])))
  redis.call('HINCRBY', key, 'used', ARGV[2])
  redis.call('EXPIREAT', key, ARGV[i + 2])
end
return {}
"""

_BALANCES = """
local told = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'used', 'reserved')
  told[2 * i - 1], told[2 * i] = tonumber(held[1] or 0), tonumber(held[2] or 0)
end
return told
"""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# ARGV: the lease, its milliseconds, then the limit of each key's places.
_ENTER = f"""{_NOW}
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= tonumber(ARGV[i + 2]) then
    return {{i}}
  end
end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + tonumber(ARGV[2]), ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return {{0}}
"""

_LEAVE = """
for i, key in ipairs(KEYS) do
  redis.call('ZREM', key, ARGV[1])
end
return {}
"""

_TAKEN = f"""{_NOW}
local told = {{}}
for i, key in ipairs(KEYS) do
  told[i] = redis.call('ZCOUNT', key, '(' .. now, '+inf')
end
return told
"""


class RedisLedger:
    """Counters and places in a Redis; every method raises RateStoreDown where it is away.

    Args:
        store: Asks it, within its bounds of time.
        client: Its connections.
    """

    waits = True

    def __init__(self, store: RateStore, client: "Redis") -> None:
        self._store = store
        self._reserve, self._settle, self._balances, self._enter, self._leave, self._taken = (
            client.register_script(script)
            for script in (_RESERVE, _SETTLE, _BALANCES, _ENTER, _LEAVE, _TAKEN)
        )

    async def reserve(self, counters: Sequence[Counter], tokens: int) -> Full | None:
        """Reserve so many tokens in each counter, or in none; return the first that is full."""
        bounds = [value for each in counters for value in (each.limit, each.ends_at)]
        full, used, reserved = await self._ask(self._reserve, counters, tokens, *bounds)
        return Full(full - 1, Balance(used, reserved)) if full else None

    async def settle(self, counters: Sequence[Counter], reserved: int, used: int) -> None:
        """Take back what was reserved in each counter, and add what was used."""
        ends = [each.ends_at for each in counters]
        await self._ask(self._settle, counters, reserved, used, *ends)

    async def balances(self, counters: Sequence[Counter]) -> list[Balance]:
        """Return how each counter stands."""
        told = await self._ask(self._balances, counters)
        return [Balance(*pair) for pair in zip(told[::2], told[1::2], strict=True)]

    async def enter(self, places: Sequence[Places], lease: str, seconds: float) -> int | None:
        """Take a place in each, or in none; return the first that is full."""
        limits = [each.limit for each in places]
        (full,) = await self._ask(self._enter, places, lease, round(seconds * 1000), *limits)
        return full - 1 if full else None

    async def leave(self, places: Sequence[Places], lease: str) -> None:
        """Give the places back; those that are free already stay so."""
        await self._ask(self._leave, places, lease)

    async def taken(self, places: Sequence[Places]) -> list[int]:
        """Return how many places are taken in each."""
        return await self._ask(self._taken, places)

    async def _ask(
        self,
        script: "AsyncScript",
        named: Sequence[Counter] | Sequence[Places],
        *arguments: str | int,
    ) -> list[int]:
        keys = [PREFIX + each.name for each in named]
        # redis describes what its scripts return no further than as something.
        return cast("list[int]", await self._store.ask(partial(script, keys, arguments)))
