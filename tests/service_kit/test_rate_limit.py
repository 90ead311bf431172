import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from pydantic import BaseModel, ValidationError

from service_kit.metrics import measured
from service_kit.rate_limit import (
    MEMORY,
    METRICS,
    Rate,
    RateLimit,
    RateLimited,
    RateStore,
    RateStoreDown,
    StorageUri,
)
from tests.faults.proxy import proxied
from tests.service_kit.metrics.reading import parsed, value
from tests.service_kit.redis_server import running_redis


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RateStore]:
    if request.param == "memory":
        yield RateStore()
        return
    with running_redis(tmp_path) as server:
        async with connected(server.uri) as store:
            yield store


@asynccontextmanager
async def connected(uri: str) -> AsyncIterator[RateStore]:
    store = RateStore(uri)
    yield store
    await store.close()


async def test_requests_within_the_limit_pass(store: RateStore) -> None:
    limit = RateLimit("3/minute", store, name="test")
    for _ in range(3):
        assert await limit.wait("reader") == 0
        await limit.hit("reader")


async def test_the_request_after_the_last_allowed_one_is_refused_with_a_wait(
    store: RateStore,
) -> None:
    limit = RateLimit("3/minute", store, name="test")
    for _ in range(3):
        await limit.hit("reader")
    with pytest.raises(RateLimited) as refusal:
        await limit.hit("reader")
    assert 1 <= refusal.value.retry_after <= 60
    assert 1 <= await limit.wait("reader") <= 60


async def test_of_many_at_once_no_more_than_the_limit_pass(store: RateStore) -> None:
    limit = RateLimit("7/minute", store, name="test")
    results = await asyncio.gather(
        *(limit.hit("reader") for _ in range(30)), return_exceptions=True
    )
    assert results.count(None) == 7
    assert all(result is None or isinstance(result, RateLimited) for result in results)


async def test_each_key_and_each_limit_is_counted_by_itself(store: RateStore) -> None:
    limit = RateLimit("1/minute", store, name="one")
    other = RateLimit("1/minute", store, name="other")
    for counted, key in ((limit, "first"), (limit, "second"), (other, "first")):
        await counted.hit(key)
    with pytest.raises(RateLimited):
        await limit.hit("first")


async def test_of_several_windows_the_tightest_refuses(store: RateStore) -> None:
    limit = RateLimit("100/minute;2/hour", store, name="test")
    await limit.hit("reader")
    await limit.hit("reader")
    with pytest.raises(RateLimited) as refusal:
        await limit.hit("reader")
    assert 3000 < refusal.value.retry_after <= 3600


async def test_a_forgotten_key_starts_anew(store: RateStore) -> None:
    limit = RateLimit("1/minute;2/hour", store, name="test")
    await limit.hit("reader")
    await limit.forget("reader")
    await limit.hit("reader")


async def test_the_window_moves_on(store: RateStore) -> None:
    limit = RateLimit("2/second", store, name="test")
    await limit.hit("reader")
    await limit.hit("reader")
    await asyncio.sleep(1.1)
    await limit.hit("reader")


async def test_processes_that_share_a_redis_count_together(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        async with connected(server.uri) as one, connected(server.uri) as two:
            await RateLimit("1/minute", one, name="test").hit("reader")
            with pytest.raises(RateLimited):
                await RateLimit("1/minute", two, name="test").hit("reader")


async def test_a_store_that_is_away_says_so_and_is_asked_again_later(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        async with connected(server.uri) as store:
            limit = RateLimit("9/minute", store, name="test")
            await limit.hit("reader")
            server.stop()
            for _ in range(3):
                with pytest.raises(RateStoreDown):
                    await limit.hit("reader")
            server.start()
            await asyncio.sleep(1.1)  # it is left alone for a second after a failure
            await limit.hit("reader")


async def test_each_time_that_a_store_was_away_is_counted(unused_tcp_port: int) -> None:
    with measured(METRICS) as recording:
        async with connected(f"redis://127.0.0.1:{unused_tcp_port}/0") as store:
            for _ in range(3):
                with pytest.raises(RateStoreDown):
                    await RateLimit("9/minute", store, name="test").hit("reader")
    samples = parsed(generate_latest(recording.registry).decode())

    assert value(samples, "rate_limit_store_unavailable_total") == 1  # then it was left alone


async def test_a_store_that_never_answers_is_given_up(unused_tcp_port: int) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", unused_tcp_port)
    async with server, connected(f"redis://127.0.0.1:{unused_tcp_port}/0") as store:
        with pytest.raises(RateStoreDown):
            await RateLimit("9/minute", store, name="test").hit("reader")


async def test_an_answer_that_has_long_been_there_counts_though_we_were_held_up(
    unused_tcp_port: int,
) -> None:
    async def answered() -> str:
        return await asyncio.to_thread(lambda: "answer")

    async with connected(f"redis://127.0.0.1:{unused_tcp_port}/0") as store:
        asked = asyncio.create_task(store.ask(answered))
        await asyncio.sleep(0)
        time.sleep(1.5)  # noqa: ASYNC251 -- longer than a store may take
        assert await asked == "answer"


class Settings(BaseModel):
    rate: Rate = "10/minute"
    uri: StorageUri


@pytest.mark.parametrize("value", ["often", "0/minute", "5/minute;0/hour", ""])
def test_what_is_no_limit_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="is not a limit such as 10/minute"):
        Settings.model_validate({"uri": MEMORY, "rate": value})


@pytest.mark.parametrize(
    "uri",
    [
        "mysql://user:hidden-word@host",
        "redis://user:hidden-word@host:port",
        "redis://:hidden-word@host/0",
        "memory",
    ],
)
def test_what_is_no_store_is_refused_without_showing_the_address(uri: str) -> None:
    read = Settings.model_validate({"uri": MEMORY, "rate": "5/minute;30/hour"})
    assert read.rate == "5/minute;30/hour"
    with pytest.raises(ValidationError, match="is no address such as memory://") as refusal:
        Settings.model_validate({"uri": uri})
    assert "hidden-word" not in str(refusal.value.errors(include_input=False))


async def test_of_connections_that_a_firewall_forgot_one_is_waited_for(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        async with proxied(server.port) as proxy:
            store = RateStore(f"redis://127.0.0.1:{proxy.port}/0", seconds=0.5)
            limit = RateLimit("100/minute", store, name="test")
            await asyncio.gather(*(limit.hit("reader") for _ in range(8)))
            await proxy.turn("black hole")
            await proxy.turn("open")
            with pytest.raises(RateStoreDown):
                await limit.hit("reader")
            with pytest.raises(RateStoreDown):  # it is left alone
                await store.probe()
            await asyncio.sleep(0.5)
            await asyncio.gather(*(limit.hit("reader") for _ in range(8)))
            await store.probe()
            await store.close()
