"""A generator set going before anybody asks it for its first piece."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def begun(pieces: AsyncGenerator[T]) -> AsyncIterator[AsyncGenerator[T]]:
    """Have the first piece made while something else is done; pieces are closed at the end.

    Whatever goes wrong with the first piece is raised where it is asked for.
    """
    first = asyncio.create_task(anext(pieces, None))

    async def rest() -> AsyncGenerator[T]:
        if (piece := await first) is not None:
            yield piece
            async for piece in pieces:
                yield piece

    try:
        await asyncio.sleep(0)  # until it has to wait itself
        yield rest()
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await pieces.aclose()
