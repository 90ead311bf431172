"""Several at the same time, of which none goes on alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Wait for all tasks of a group; where one fails the others are ended, and it alone is told.

    `asyncio.gather` would leave the others to themselves: a search that nobody waits for any more
    goes on with whoever does not answer.

    Raises:
        Exception: The first failure.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
