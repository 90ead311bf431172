from collections.abc import AsyncIterator

import pytest_asyncio

from api_service.budgets import Ledger
from api_service.budgets.in_memory import MemoryLedger
from api_service.budgets.in_redis import RedisLedger
from service_kit.rate_limit import RateStore, redis_client
from tests.service_kit.redis_server import PATIENT


@pytest_asyncio.fixture
async def ledger(counted_in: str) -> AsyncIterator[Ledger]:
    store = RateStore(counted_in, seconds=PATIENT)
    client = redis_client(store.storage)
    yield RedisLedger(store, client) if client else MemoryLedger()
    await store.close()
