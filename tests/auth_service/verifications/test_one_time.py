import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from auth_service.verifications import one_time
from tests.auth_service.service import Service

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


async def issue(
    service: Service, value: str = "v", expires_at: datetime = LATER, now: datetime = NOW
) -> None:
    async with service.resources.sessionmaker.begin() as db:
        await one_time.issue(db, "what:secret", value, expires_at=expires_at, now=now)


async def consume(service: Service, now: datetime = NOW, seconds: float = 0) -> str | None:
    async with service.resources.sessionmaker.begin() as db:
        value = await one_time.consume(db, "what:secret", now)
        await asyncio.sleep(seconds)
        return value


async def look_up(service: Service, now: datetime = NOW) -> str | None:
    async with service.resources.database.autocommit.begin() as db:
        return await one_time.look_up(db, "what:secret", now)


@pytest.fixture
async def empty(service: Service) -> Service:
    await service.write("DELETE FROM verification")
    return service


async def test_a_value_works_once(empty: Service) -> None:
    await issue(empty)
    assert await look_up(empty) == "v"
    assert await consume(empty) == "v"
    assert await consume(empty) is None
    assert await look_up(empty) is None


async def test_of_fifty_at_once_one_gets_it(empty: Service) -> None:
    await issue(empty)
    got = await asyncio.gather(*(consume(empty) for _ in range(50)))
    assert [value for value in got if value is not None] == ["v"]


async def test_a_failed_attempt_leaves_the_value_to_the_next(empty: Service) -> None:
    await issue(empty)

    async def failing() -> None:
        async with empty.resources.sessionmaker.begin() as db:
            assert await one_time.consume(db, "what:secret", NOW) == "v"
            await asyncio.sleep(0.1)
            raise RuntimeError

    first = asyncio.create_task(failing())
    await asyncio.sleep(0.05)
    assert await consume(empty) == "v"
    with pytest.raises(RuntimeError):
        await first


async def test_an_expired_value_counts_no_more(empty: Service) -> None:
    await issue(empty)
    after = LATER + timedelta(milliseconds=1)
    assert await look_up(empty, after) is None
    assert await consume(empty, after) is None


async def test_the_newest_value_counts_and_goes_with_the_others(empty: Service) -> None:
    await issue(empty, "old")
    await issue(empty, "new", now=NOW + timedelta(seconds=1))
    assert await look_up(empty) == "new"
    assert await consume(empty) == "new"
    assert await consume(empty) is None
