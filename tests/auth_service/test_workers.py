import asyncio
from collections.abc import Iterator
from threading import Event

import pytest

from auth_service.errors import Busy
from auth_service.workers import WorkerPool


@pytest.fixture
def gate() -> Iterator[Event]:
    """Holds up the pool's threads until opened."""
    gate = Event()
    yield gate
    gate.set()


async def test_what_a_function_returns_or_raises_is_handed_on() -> None:
    pool = WorkerPool(threads=1, queue=0)
    assert await pool.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    assert await pool.run(lambda: 8) == 8
    pool.close()


async def test_more_than_fit_in_the_queue_are_turned_away(gate: Event) -> None:
    pool = WorkerPool(threads=1, queue=2)
    waiting = [asyncio.create_task(pool.run(gate.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Busy) as busy:
        await pool.run(lambda: None)
    assert busy.value.headers == {"Retry-After": "2"}
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 3
    assert await pool.run(lambda: "again") == "again"
    pool.close()


async def test_a_caller_who_hangs_up_frees_no_place_while_the_work_goes_on(gate: Event) -> None:
    pool = WorkerPool(threads=1, queue=0)
    started = Event()

    def work() -> bool:
        started.set()
        return gate.wait()

    task = asyncio.create_task(pool.run(work))
    await asyncio.to_thread(started.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(Busy):
        await pool.run(lambda: None)
    gate.set()
    pool.close()
