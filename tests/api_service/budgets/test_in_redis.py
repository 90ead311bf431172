import time
from pathlib import Path

import pytest

from api_service.budgets import Counter, Places
from api_service.budgets.in_redis import PREFIX, RedisLedger
from service_kit.rate_limit import RateStore, RateStoreDown, redis_client
from tests.service_kit.redis_server import running_redis


async def test_everything_written_ends_with_its_period(tmp_path: Path) -> None:
    ends_at = int(time.time()) + 1000
    with running_redis(tmp_path) as redis:
        store = RateStore(redis.uri)
        client = redis_client(store.storage)
        assert client is not None
        ledger = RedisLedger(store, client)
        await ledger.reserve([Counter("tokens", 10, ends_at)], 1)
        await ledger.settle([Counter("late", 10, ends_at)], 1, 1)
        await ledger.enter([Places("streams", 1)], "one", 60)
        left = {name: await client.ttl(PREFIX + name) for name in ("tokens", "late", "streams")}
        await store.close()

    assert 990 <= left["tokens"] <= 1000
    assert 990 <= left["late"] <= 1000
    assert 55 <= left["streams"] <= 60


async def test_a_redis_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        store = RateStore(redis.uri)
        client = redis_client(store.storage)
        assert client is not None
        ledger = RedisLedger(store, client)
        redis.stop()
        with pytest.raises(RateStoreDown):
            await ledger.reserve([Counter("tokens", 10, 10**10)], 1)
        await store.close()
