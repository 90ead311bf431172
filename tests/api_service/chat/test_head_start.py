import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from api_service.chat.head_start import begun


class Counted:
    """Pieces that note how far they have come, and that they were closed."""

    def __init__(self, *, fails: bool = False) -> None:
        self.made = 0
        self.closed = False
        self._fails = fails

    async def pieces(self) -> AsyncGenerator[int]:
        try:
            if self._fails:
                raise ValueError("no piece")
            for n in range(3):
                self.made += 1
                await asyncio.sleep(0)
                yield n
        finally:
            self.closed = True


async def test_the_first_piece_is_under_way_before_it_is_asked_for() -> None:
    counted = Counted()
    async with begun(counted.pieces()) as coming:
        assert counted.made == 1
        assert [piece async for piece in coming] == [0, 1, 2]


async def test_nothing_is_made_beyond_the_first_before_it_is_asked_for() -> None:
    counted = Counted()
    async with begun(counted.pieces()) as coming:
        await asyncio.sleep(0.01)
        assert counted.made == 1
        async with aclosing(coming) as some:
            assert await anext(some) == 0
    assert (counted.made, counted.closed) == (1, True)


async def test_what_nobody_asks_for_is_closed() -> None:
    counted = Counted()
    async with begun(counted.pieces()):
        pass
    assert counted.closed


async def test_a_failure_of_the_first_is_raised_where_it_is_asked_for() -> None:
    counted = Counted(fails=True)
    async with begun(counted.pieces()) as coming:
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="no piece"):
            await anext(coming)
    assert counted.closed


async def test_there_may_be_no_piece_at_all() -> None:
    async def nothing() -> AsyncGenerator[int]:
        for n in range(0):
            yield n

    async with begun(nothing()) as coming:
        assert [piece async for piece in coming] == []


async def test_who_leaves_at_once_leaves_nothing_going() -> None:
    counted = Counted()

    async def ask() -> None:
        async with begun(counted.pieces()):
            await asyncio.sleep(60)

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)  # it has begun, and no more
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (counted.made, counted.closed) == (1, True)
