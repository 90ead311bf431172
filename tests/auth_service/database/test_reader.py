import asyncio
import time
from urllib.parse import urlsplit

import asyncpg
import pytest

from auth_service.database.address import read_address
from auth_service.database.engine import connector
from auth_service.database.reader import Reader, open_reader
from auth_service.errors import DatabaseUnavailable
from tests.auth_service.database.relay import Relay
from tests.faults.proxy import proxied

PREPARED = "SELECT $1::text, count(*) FROM pg_prepared_statements WHERE statement LIKE '%$1%'"


async def test_a_row_is_read_by_its_value_and_none_is_none(database_url: str) -> None:
    async with open_reader(read_address(database_url), connections=1) as reader:
        row = await reader.row("SELECT $1::text, 7", "'; DROP TABLE session; --")
        assert row is not None
        assert tuple(row) == ("'; DROP TABLE session; --", 7)
        assert await reader.row("SELECT 7 WHERE $1 = 'other'", "one") is None


async def test_a_statement_is_prepared_once_but_never_for_a_pooler(database_url: str) -> None:
    for query, kept in (("", 1), ("?pgbouncer=true", 0)):
        async with open_reader(read_address(database_url + query), connections=1) as reader:
            rows = [await reader.row(PREPARED, "x") for _ in range(3)]
            assert [row[1] for row in rows if row is not None] == [kept] * 3


async def test_more_requests_than_connections_wait_for_their_turn(database_url: str) -> None:
    async with open_reader(read_address(database_url), connections=2) as reader:
        rows = await asyncio.gather(*(reader.row("SELECT $1::text", str(n)) for n in range(50)))
        assert [row[0] for row in rows if row is not None] == [str(n) for n in range(50)]


async def test_a_statement_of_ours_that_is_wrong_is_no_outage(database_url: str) -> None:
    async with open_reader(read_address(database_url), connections=1) as reader:
        with pytest.raises(asyncpg.PostgresError):
            await reader.row("SELECT $1::text FROM nowhere", "x")
        assert await reader.row("SELECT $1::text", "x") is not None


async def test_a_server_that_stops_a_statement_is_unavailable_and_asked_again(
    database_url: str,
) -> None:
    async with open_reader(read_address(database_url), connections=1) as reader:
        with pytest.raises(DatabaseUnavailable):
            await reader.row("SELECT pg_terminate_backend(pg_backend_pid()), $1::text", "x")
        assert await reader.row("SELECT $1::text", "x") is not None


async def test_a_server_cut_off_in_the_middle_is_unavailable_until_it_is_back(
    database_url: str,
) -> None:
    port = urlsplit(database_url).port or 0
    relay = Relay(port)
    await relay.restore()
    through = database_url.replace(f":{port}/", f":{relay.port}/")
    async with open_reader(read_address(through), connections=1) as reader:
        asking = asyncio.create_task(reader.row("SELECT pg_sleep(20), $1::text", "x"))
        await asyncio.sleep(0.3)
        await relay.cut()
        with pytest.raises(DatabaseUnavailable):
            await asking
        with pytest.raises(DatabaseUnavailable):
            await reader.row("SELECT $1::text", "x")
        await relay.restore()
        assert await reader.row("SELECT $1::text", "x") is not None
    await relay.cut()


async def test_closing_does_not_wait_for_a_statement_without_end(database_url: str) -> None:
    started = time.monotonic()
    async with open_reader(read_address(database_url), connections=1) as reader:
        asking = asyncio.create_task(reader.row("SELECT pg_sleep(20), $1::text", "x"))
        await asyncio.sleep(0.2)
    with pytest.raises(DatabaseUnavailable):
        await asking
    assert time.monotonic() - started < 10


async def test_of_connections_that_a_firewall_forgot_one_is_waited_for(database_url: str) -> None:
    port = urlsplit(database_url).port or 0
    async with proxied(port) as proxy:
        address = read_address(database_url.replace(f":{port}/", f":{proxy.port}/"))
        reader = Reader(connector(address, 0.5), connections=3, pooled=False)
        together = (reader.row("SELECT pg_sleep(0.1), $1::text", "x") for _ in range(3))
        await asyncio.gather(*together)
        await proxy.turn("black hole")
        await proxy.turn("open")
        assert reader.connections() == (0, 3, 3)
        with pytest.raises(DatabaseUnavailable):
            await reader.row("SELECT $1::text", "x")
        assert await reader.row("SELECT $1::text", "x") is not None
        await reader.close()
