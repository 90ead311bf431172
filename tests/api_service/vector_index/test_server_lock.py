"""One ingestion at a time on a Qdrant server."""

import asyncio
import time

import httpx
import pytest

from api_service.vector_index import IndexRefused
from api_service.vector_index.server import ServerIndex
from api_service.vector_index.server_options import Options, Rhythm
from tests.api_service.qdrant_server import collections

ALIAS = "locked"
QUICK = Options(alias=ALIAS, rhythm=Rhythm(beat_seconds=0.05, patience_seconds=3.0))


async def locks(server: httpx.AsyncClient) -> list[str]:
    return [name for name in await collections(server) if "-ingestion-" in name]


def ingestion(server: httpx.AsyncClient) -> ServerIndex:
    return ServerIndex(str(server.base_url), options=QUICK)


async def leave_dead_lock(server: httpx.AsyncClient) -> None:
    """Leave what a killed ingestion leaves: a lock that does not beat."""
    (await server.put(f"/collections/{ALIAS}-ingestion-0", json={})).raise_for_status()


async def test_a_second_ingestion_is_told_that_another_is_at_work(
    server: httpx.AsyncClient,
) -> None:
    first, second = ingestion(server), ingestion(server)
    await first.begin()
    await first.begin()
    with pytest.raises(IndexRefused, match="Another ingestion is at work"):
        await second.begin()
    await first.close()
    await second.begin()
    await second.close()
    assert await locks(server) == []


async def test_the_lock_beats_while_the_event_loop_is_busy(server: httpx.AsyncClient) -> None:
    index, second = ingestion(server), ingestion(server)
    await index.begin()

    async def beat() -> int:
        path = f"/collections/{ALIAS}-ingestion-0/points/scroll"
        (point,) = (await server.post(path, json={})).json()["result"]["points"]
        return int(point["payload"]["beat"])

    before = await beat()
    time.sleep(1.0)  # noqa: ASYNC251 -- as cutting a large book into chunks does
    assert await beat() > before
    await index.close()
    await second.close()


async def test_a_dead_ingestions_lock_is_taken_over(server: httpx.AsyncClient) -> None:
    await leave_dead_lock(server)
    index = ingestion(server)
    await index.begin()
    assert await locks(server) == [f"{ALIAS}-ingestion-1"]
    await index.close()
    assert await locks(server) == []


async def test_of_many_that_come_at_once_never_two_are_let_in(server: httpx.AsyncClient) -> None:
    for dead in (False, True):
        if dead:
            await leave_dead_lock(server)
        many = [ingestion(server) for _ in range(6)]
        outcomes = await asyncio.gather(*(index.begin() for index in many), return_exceptions=True)
        refusals = [each for each in outcomes if each is not None]
        assert all(isinstance(each, IndexRefused) for each in refusals)
        assert len(refusals) == 5
        for index in many:
            await index.close()
        assert await locks(server) == []


async def test_who_lost_the_lock_neither_beats_in_anothers_nor_removes_it(
    server: httpx.AsyncClient,
) -> None:
    stalled, other = ingestion(server), ingestion(server)
    await stalled.prepare(None)
    await stalled.begin()
    copy = await stalled.copy(None)
    await server.delete(f"/collections/{ALIAS}-ingestion-0")
    await other.begin()  # which makes the lock of the same number
    await asyncio.sleep(10 * QUICK.rhythm.beat_seconds)
    with pytest.raises(IndexRefused, match="out of touch"):
        await stalled.adopt(copy)
    await stalled.close()
    assert await locks(server) == [f"{ALIAS}-ingestion-0"]
    await other.close()
    assert await locks(server) == []
