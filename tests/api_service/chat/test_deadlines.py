import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from api_service.chat.deadlines import Deadline
from api_service.problems import DeadlineExceeded


async def test_what_is_ready_in_time_is_handed_on() -> None:
    assert await Deadline.after(5).keep(asyncio.sleep(0, "ready")) == "ready"


async def test_what_is_not_is_cancelled() -> None:
    waiting = asyncio.Event()
    task = asyncio.create_task(waiting.wait())
    with pytest.raises(DeadlineExceeded):
        await Deadline.after(0.01).keep(task)

    assert task.cancelled()


async def test_a_part_begins_with_the_whole() -> None:
    whole = Deadline.after(8)
    await asyncio.sleep(0.01)

    assert whole.part(0.25).at == pytest.approx(whole.at - 6)


async def test_pieces_come_until_the_last_and_what_they_come_from_is_closed() -> None:
    closed = []

    async def pieces(pause: float) -> AsyncGenerator[int]:
        try:
            for n in range(3):
                await asyncio.sleep(pause)
                yield n
        finally:
            closed.append(pause)

    assert [n async for n in Deadline.after(5).each(pieces(0))] == [0, 1, 2]
    with pytest.raises(DeadlineExceeded):
        [n async for n in Deadline.after(0.05).each(pieces(1))]
    async with aclosing(Deadline.after(5).each(pieces(0.001))) as some:
        assert await anext(some) == 0
    assert closed == [0, 1, 0.001]


async def test_the_time_a_reader_takes_to_read_is_not_interrupted() -> None:
    async def pieces() -> AsyncGenerator[int]:
        yield 1
        await asyncio.sleep(60)

    async with aclosing(Deadline.after(0.02).each(pieces())) as some:
        assert await anext(some) == 1
        await asyncio.sleep(0.05)
        with pytest.raises(DeadlineExceeded):
            await anext(some)
