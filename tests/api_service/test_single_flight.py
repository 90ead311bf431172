import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from api_service.single_flight import Flight, SingleFlight


class Source:
    """A stream of numbers that goes on as far as it is let."""

    def __init__(self, *, failure: Exception | None = None) -> None:
        self.begun = 0
        self.closed = 0
        self.go_on = asyncio.Event()
        self.failure = failure

    async def numbers(self) -> AsyncGenerator[int]:
        self.begun += 1
        try:
            yield 1
            await self.go_on.wait()
            if self.failure:
                raise self.failure
            yield 2
        finally:
            self.closed += 1


async def followed(flight: Flight[int]) -> list[int]:
    return [number async for number in flight.values()]


async def test_those_who_ask_at_once_hear_one_stream_from_its_beginning() -> None:
    shared, source = SingleFlight(1), Source()
    flight, is_new = shared.board("key", source.numbers)
    first = asyncio.create_task(followed(flight))
    await asyncio.sleep(0.01)
    again, is_new_again = shared.board("key", source.numbers)
    second = asyncio.create_task(followed(again))
    await asyncio.sleep(0.01)
    source.go_on.set()

    assert list(await asyncio.gather(first, second)) == [[1, 2], [1, 2]]
    assert (is_new, is_new_again) == (True, False)
    assert (source.begun, source.closed) == (1, 1)


async def test_what_has_ended_or_is_asked_for_by_another_key_is_made_anew() -> None:
    shared, source = SingleFlight(1), Source()
    source.go_on.set()
    for key in ("key", "key", "other"):
        flight, is_new = shared.board(key, source.numbers)
        assert is_new
        assert await followed(flight) == [1, 2]

    assert source.begun == 3


async def test_a_slow_follower_misses_nothing() -> None:
    shared, source = SingleFlight(1), Source()
    source.go_on.set()
    flight, _ = shared.board("key", source.numbers)
    heard = []
    async for number in flight.values():
        await asyncio.sleep(0.01)
        heard.append(number)

    assert heard == [1, 2]


async def test_the_stream_goes_on_when_the_first_leaves_and_ends_when_the_last_does() -> None:
    shared, source = SingleFlight(1), Source()
    flight, _ = shared.board("key", source.numbers)
    async with aclosing(flight.values()) as second:
        async with aclosing(flight.values()) as first:
            assert await anext(first) == 1
            assert await anext(second) == 1
        assert source.closed == 0
    assert source.closed == 1

    _, is_new = shared.board("key", source.numbers)
    assert is_new
    await shared.close()


async def test_a_failure_is_raised_in_everybody_who_follows() -> None:
    shared, source = SingleFlight(1), Source(failure=OSError("gone"))
    flight, _ = shared.board("key", source.numbers)
    following = [asyncio.create_task(followed(flight)) for _ in range(2)]
    await asyncio.sleep(0.01)
    source.go_on.set()
    failures = await asyncio.gather(*following, return_exceptions=True)

    assert [type(each) for each in failures] == [OSError, OSError]


async def test_closing_ends_what_is_under_way() -> None:
    shared, source = SingleFlight(1), Source()
    flight, _ = shared.board("key", source.numbers)
    following = asyncio.create_task(followed(flight))
    await asyncio.sleep(0.01)
    await shared.close()

    assert await asyncio.wait_for(following, 5) == [1]
    assert source.closed == 1


@pytest.mark.parametrize("used", ["a", "b"])
def test_of_what_is_kept_the_longest_unused_goes_first(used: str) -> None:
    shared = SingleFlight(2)
    shared.keep("a", [1])
    shared.keep("b", [2])
    assert shared.kept(used)
    shared.keep("c", [3])

    assert shared.kept(used)
    assert shared.kept("c") == [3]
    assert shared.kept("b" if used == "a" else "a") is None
