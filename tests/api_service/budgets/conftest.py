from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from api_service.budgets import Ledger
from api_service.budgets.in_memory import MemoryLedger
from api_service.budgets.in_redis import RedisLedger
from service_kit.rate_limit import RateStore, redis_client
from tests.service_kit.redis_server import PATIENT, running_redis


@pytest_asyncio.fixture(params=["memory", "redis"])
async def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        store = RateStore(redis.uri, seconds=PATIENT)
        client = redis_client(store.storage)
        assert client is not None
        yield RedisLedger(store, client)
        await store.close()
