"""What happens to accounts is what `/metrics` says of them."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import generate_latest

from auth_service.errors import Busy
from auth_service.metrics import METRICS
from auth_service.resources import open_resources, read_gauges
from auth_service.workers import WorkerPool
from service_kit.metrics import measured
from tests.auth_service.service import Service, make_settings, serving
from tests.service_kit.metrics.reading import Samples, parsed, value


class Reading:
    """What has been counted, once the block that counts is left."""

    samples: Samples

    def __call__(self, name: str, **labels: str) -> float:
        return value(self.samples, name, **labels) or 0


@asynccontextmanager
async def counting() -> AsyncIterator[Reading]:
    reading = Reading()
    with measured(METRICS) as recording:
        yield reading
        reading.samples = parsed(generate_latest(recording.registry).decode())


async def test_sign_ins_are_counted_by_what_came_of_them(service: Service) -> None:
    async with counting() as told:
        await service.sign_up()
        await service.sign_in()
        await service.sign_in(password="not the password")
        await service.sign_in("nobody@example.com")
        await service.write('UPDATE "user" SET banned = true')
        assert (await service.sign_in()).status_code == 403

    assert told("auth_sign_ups_total") == 1
    assert told("auth_sign_ins_total", result="ok") == 1
    assert told("auth_sign_ins_total", result="wrong_password") == 2
    assert told("auth_sign_ins_total", result="banned") == 1
    assert told("auth_password_hash_seconds_count") == 5
    assert told("auth_passwords_in_hand") == 0


async def test_an_account_that_backs_off_and_a_limit_that_is_met_are_counted(
    database_url: str,
) -> None:
    limited = make_settings(
        database_url,
        RATE_LIMIT="on",
        CREDENTIAL_RATE_LIMIT="4/minute",
        PASSWORD_TRIES_LIMIT="2/minute",
    )
    async with counting() as told, serving(limited) as service:
        statuses = [(await service.sign_in("nobody@example.com")).status_code for _ in range(5)]

    assert statuses == [401, 401, 429, 429, 429]
    assert told("auth_sign_ins_total", result="backed_off") == 2
    assert told("rate_limited_total", limit="tries") == 2
    assert told("rate_limited_total", limit="credential") == 1


async def test_how_full_the_pools_are_is_told(database_url: str) -> None:
    settings = make_settings(
        database_url, DATABASE_POOL_SIZE=3, DATABASE_POOL_OVERFLOW=2, DATABASE_READER_SIZE=4
    )
    async with (
        counting() as told,
        open_resources(settings) as opened,
        opened.database.statements(),
    ):
        await opened.reader.row("SELECT $1::text", "x")
        read_gauges(opened)

    labels = {"pool": "transactions"}
    assert told("auth_database_connections", **labels, state="used") == 1
    assert told("auth_database_connections", **labels, state="idle") == 0
    assert told("auth_database_connections_limit", **labels) == 5
    labels = {"pool": "sessions"}
    assert told("auth_database_connections", **labels, state="used") == 0
    assert told("auth_database_connections", **labels, state="idle") == 1
    assert told("auth_database_connections_limit", **labels) == 4
    assert told("auth_password_places") > 100


async def test_a_database_that_is_away_is_counted() -> None:
    away = make_settings("postgresql://book:word@127.0.0.1:1/book")
    async with counting() as told, serving(away) as service:
        assert (await service.sign_in()).status_code == 503

    assert told("auth_database_unavailable_total") >= 1


async def test_passwords_that_wait_and_those_turned_away_are_counted() -> None:
    held = threading.Event()
    pool = WorkerPool(threads=1, queue=1)
    try:
        async with counting() as meanwhile:
            working = [asyncio.create_task(pool.run(held.wait)) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await pool.run(held.wait)
    finally:
        held.set()
        await asyncio.gather(*working)
        pool.close()

    assert meanwhile("auth_passwords_in_hand") == 2
    assert meanwhile("auth_passwords_turned_away_total") == 1
