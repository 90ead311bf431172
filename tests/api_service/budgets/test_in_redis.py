import asyncio
import time
from pathlib import Path

import pytest

from api_service.budgets import Balance, Counter, Places
from api_service.budgets.in_redis import PREFIX, RedisLedger
from service_kit.rate_limit import RateStore, RateStoreDown, redis_client
from tests.service_kit.redis_server import PATIENT, running_redis


def opened(store: RateStore) -> RedisLedger:
    client = redis_client(store.storage)
    assert client is not None
    return RedisLedger(store, client)


async def test_everything_written_ends_with_its_period(tmp_path: Path) -> None:
    ends_at = int(time.time()) + 1000
    with running_redis(tmp_path) as redis:
        store = RateStore(redis.uri, seconds=PATIENT)
        ledger = opened(store)
        await ledger.reserve([Counter("tokens", 10, ends_at)], 1)
        await ledger.settle([Counter("late", 10, ends_at)], 1, 1)
        await ledger.enter([Places("streams", 1)], "one", 60)
        client = redis_client(store.storage)
        assert client is not None
        left = {name: await client.ttl(PREFIX + name) for name in ("tokens", "late", "streams")}
        await store.close()

    assert 990 <= left["tokens"] <= 1000
    assert 990 <= left["late"] <= 1000
    assert 55 <= left["streams"] <= 60


async def test_several_processes_share_one_budget(tmp_path: Path) -> None:
    counter = Counter("tokens", 777, int(time.time()) + 1000)
    with running_redis(tmp_path) as redis:
        # To the Redis, connections of their own are processes of their own.
        stores = [RateStore(redis.uri, seconds=PATIENT) for _ in range(4)]
        ledgers = [opened(store) for store in stores]

        async def reserved(ledger: RedisLedger) -> int:
            return sum([await ledger.reserve([counter], 10) is None for _ in range(250)])

        let_in = await asyncio.gather(*(reserved(ledger) for ledger in ledgers))
        balances = [await ledger.balances([counter]) for ledger in ledgers]
        for store in stores:
            await store.close()

    assert sum(let_in) == 77
    assert balances == [[Balance(0, 770)]] * 4


async def test_a_redis_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        store = RateStore(redis.uri, seconds=PATIENT)
        ledger = opened(store)
        redis.stop()
        with pytest.raises(RateStoreDown):
            await ledger.reserve([Counter("tokens", 10, 10**10)], 1)
        await store.close()
