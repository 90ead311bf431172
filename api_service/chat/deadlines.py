"""When an answer must be there, as a whole and stage by stage."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self, TypeVar

from api_service.problems import DeadlineExceeded

T = TypeVar("T")

SEARCH = 0.5
"""The part of the time for an answer that may pass until its sources are found."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment something must be ready by.

    Attributes:
        began: When the work for it began, in the event loop's seconds.
        at: The moment itself, in the same.
    """

    began: float
    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the one so many seconds from now."""
        now = asyncio.get_running_loop().time()
        return cls(now, now + seconds)

    def part(self, share: float) -> "Deadline":
        """Return the one of a stage that begins with the whole and may take a part of its time."""
        return Deadline(self.began, self.began + (self.at - self.began) * share)

    async def keep(self, awaited: Awaitable[T]) -> T:
        """Return what is awaited.

        Raises:
            DeadlineExceeded: It was not ready in time; it has been cancelled.
        """
        try:
            async with asyncio.timeout_at(self.at):
                return await awaited
        except TimeoutError as error:
            raise DeadlineExceeded("The answer was not ready in time.") from error

    async def each(self, pieces: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """Yield the pieces, and close what they come from, however this ends.

        The clock runs only while we wait, never across a yield: there it would interrupt the
        reader.

        Raises:
            DeadlineExceeded: The last of them did not come in time.
        """
        async with aclosing(pieces):
            while (piece := await self.keep(anext(pieces, None))) is not None:
                yield piece
