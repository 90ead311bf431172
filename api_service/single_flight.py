"""Streams that are made once for all who ask for the same at the same time, and kept for later."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Flight(Generic[T]):
    """A stream under way, and all it has brought so far.

    It goes on by itself as long as anybody follows it, however slowly.

    Args:
        make: Begins the stream; it is closed in any case.
        landed: Called when it has ended, perhaps more than once.
    """

    def __init__(self, make: Callable[[], AsyncGenerator[T]], landed: Callable[[], None]) -> None:
        self._values: list[T] = []
        self._failure: Exception | None = None
        self._over = False
        self._followers = 0
        self._news = asyncio.Event()
        self._landed = landed
        self._making = asyncio.create_task(self._make(make))

    async def values(self) -> AsyncGenerator[T]:
        """Yield every value from the first one on; the last follower to leave ends the making.

        Raises:
            Exception: What ended the stream, the same for all its followers.
        """
        self._followers += 1
        place = 0
        try:
            while True:
                news = self._news
                while place < len(self._values):
                    yield self._values[place]
                    place += 1
                if self._over:
                    break
                await news.wait()
            if self._failure is not None:
                raise self._failure.with_traceback(None)
        finally:
            self._followers -= 1
            if not self._followers:
                await self.end()

    async def end(self) -> None:
        """End the making, if it has not ended."""
        self._land()
        self._making.cancel()
        await asyncio.wait({self._making})

    async def _make(self, make: Callable[[], AsyncGenerator[T]]) -> None:
        try:
            async with aclosing(make()) as values:
                async for value in values:
                    self._values.append(value)
                    self._tell()
        except Exception as error:  # noqa: BLE001 -- raised again where it is followed
            self._failure = error
        finally:
            self._land()

    def _land(self) -> None:
        self._over = True
        self._landed()
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class SingleFlight:
    """Flights by what they are asked for, and values of those that have ended.

    What is asked for under one key must always be of one type.

    Args:
        most: Most streams kept; the one longest unused goes first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._flights: dict[Hashable, Flight[object]] = {}
        self._kept: OrderedDict[Hashable, Sequence[object]] = OrderedDict()

    def board(self, key: Hashable, make: Callable[[], AsyncGenerator[T]]) -> tuple[Flight[T], bool]:
        """Return the flight that is under way for key, or a new one, and whether it is new.

        Whoever boards follows at once, or nobody may be there to end it.
        """
        flight = self._flights.get(key)
        if flight is not None:
            return cast("Flight[T]", flight), False

        def landed() -> None:
            if self._flights.get(key) is new:
                del self._flights[key]

        new = Flight(make, landed)
        self._flights[key] = cast("Flight[object]", new)
        return new, True

    def keep(self, key: Hashable, values: Sequence[object]) -> None:
        """Keep the values of a stream."""
        self._kept[key] = values
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def kept(self, key: Hashable) -> Sequence[object] | None:
        """Return the values that are kept for key."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    async def close(self) -> None:
        """End everything that is under way."""
        for flight in list(self._flights.values()):
            await flight.end()
