import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth_service.better_auth_window import BetterAuthWindow
from service_kit.rate_limit import RateLimit, RateLimited, RateStore
from tests.service_kit.redis_server import PATIENT, running_redis


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RateStore]:
    if request.param == "memory":
        yield RateStore()
        return
    with running_redis(tmp_path) as server:
        store = RateStore(server.uri, seconds=PATIENT)
        yield store
        await store.close()


def window(rate: str, store: RateStore) -> RateLimit:
    return RateLimit(rate, store, name="test", strategy=BetterAuthWindow)


async def allowed(limit: RateLimit) -> bool:
    try:
        await limit.hit("reader")
    except RateLimited:
        return False
    return True


async def test_the_window_slides_from_the_last_request_allowed(store: RateStore) -> None:
    limit = window("3/2 seconds", store)
    assert await allowed(limit)
    await asyncio.sleep(1.5)
    assert await allowed(limit)
    # The first is older than the window by now, but what was allowed since keeps the count.
    await asyncio.sleep(1.0)
    assert [await allowed(limit) for _ in range(3)] == [True, False, False]


async def test_refused_requests_do_not_put_off_the_end(store: RateStore) -> None:
    limit = window("1/2 seconds", store)
    assert await allowed(limit)
    for _ in range(3):
        await asyncio.sleep(0.5)
        assert not await allowed(limit)
    await asyncio.sleep(0.8)
    assert await allowed(limit)


async def test_of_many_at_once_no_more_than_the_limit_pass(store: RateStore) -> None:
    limit = window("3/10 seconds", store)
    assert (
        sorted(await asyncio.gather(*(allowed(limit) for _ in range(20))))
        == [False] * 17 + [True] * 3
    )


async def test_the_wait_counts_from_the_last_request_allowed(store: RateStore) -> None:
    limit = window("1/10 seconds", store)
    assert await limit.wait("reader") == 0
    await limit.hit("reader")
    assert 9 <= await limit.wait("reader") <= 10
    with pytest.raises(RateLimited) as refusal:
        await limit.hit("reader")
    assert 9 <= refusal.value.retry_after <= 10
