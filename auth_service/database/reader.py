"""The shortest way to a row: one SELECT through asyncpg's own pool, with nothing in between.

SQLAlchemy's AsyncConnection costs 0.4 ms of CPU per statement, six times what the statement itself
costs here, which is why the session path reads this way and everything else does not.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from auth_service.database.address import DatabaseAddress
from auth_service.database.engine import (
    POOL_SECONDS,
    STATEMENT_SECONDS,
    connector,
    is_away,
    unavailable,
)

_CLOSE_SECONDS = 2.0


class Reader:
    """Reads rows, each with a statement of its own, outside of any transaction.

    Args:
        pool: Of connections that are used for nothing else.
        seconds: To wait for a free connection, which may have to be made first.
        pooled: A transaction pooler stands in front, where a statement's two messages, parse and
            execute, meet the same server connection only within a transaction.
    """

    def __init__(self, pool: asyncpg.Pool, *, seconds: float, pooled: bool) -> None:
        self._pool = pool
        self._seconds = seconds
        self._pooled = pooled

    async def row(self, statement: str, value: str) -> Sequence[Any] | None:
        """Return the first row of a SELECT, or None; prepared once per connection and reused.

        Args:
            statement: PostgreSQL's own, with `$1` where the value stands.
            value: What `$1` is.

        Raises:
            DatabaseUnavailable: The database does not answer, or no connection is free in time.
        """
        try:
            async with asyncio.timeout(self._seconds):
                connection = await self._pool.acquire()
            try:
                return await self._first(connection, statement, value)
            finally:
                await self._pool.release(connection)
        except asyncpg.PostgresError as error:
            if is_away(error):
                raise unavailable(error) from error
            raise
        except (OSError, asyncpg.InterfaceError) as error:  # a time-out is an OSError
            raise unavailable(error) from error

    async def _first(self, connection: Any, statement: str, value: str) -> Sequence[Any] | None:  # noqa: ANN401 -- asyncpg is not typed
        if self._pooled:
            async with connection.transaction(readonly=True):
                row: Sequence[Any] | None = await connection.fetchrow(statement, value)
        else:
            row = await connection.fetchrow(statement, value)
        return row


@asynccontextmanager
async def open_reader(address: DatabaseAddress, *, connections: int) -> AsyncIterator[Reader]:
    """Open a pool that connects when first used, and close it at the end.

    Args:
        address: Where the database is.
        connections: Most of them; what is idle for five minutes is closed.
    """
    pool = asyncpg.create_pool(
        connect=connector(address, STATEMENT_SECONDS),
        min_size=0,
        max_size=connections,
        reset=_nothing_to_reset,
        **({"statement_cache_size": 0} if address.pooled else {}),
    )
    await pool
    try:
        yield Reader(pool, seconds=POOL_SECONDS + address.timeout, pooled=address.pooled)
    finally:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await pool.close()
        except TimeoutError:  # the database hears nothing; what it was asked has been answered
            pool.terminate()


async def _nothing_to_reset(_connection: object) -> None:
    """Save the round trip that undoes SET, LISTEN and the like: a SELECT leaves none of them."""
