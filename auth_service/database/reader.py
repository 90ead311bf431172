"""The shortest way to a row: one SELECT through asyncpg, with nothing in between.

SQLAlchemy's AsyncConnection costs 0.4 ms of CPU per statement, six times what the statement itself
costs here; asyncpg's own pool, with its proxies, shields and timers, as much again as the
statement. So the session path reads this way, and everything else does not.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from auth_service.database.address import DatabaseAddress
from auth_service.database.engine import (
    POOL_SECONDS,
    RECYCLE_SECONDS,
    STATEMENT_SECONDS,
    connector,
    is_away,
    unavailable,
)

_CLOSE_SECONDS = 2.0

_Connection = Any  # asyncpg is not typed


class Reader:
    """Reads rows, each with a statement of its own, outside of any transaction.

    Args:
        connect: Makes a connection; these are used for nothing else.
        connections: Most of them.
        pooled: A transaction pooler stands in front, where a statement's two messages, parse and
            execute, meet the same server connection only within a transaction.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[_Connection]], *, connections: int, pooled: bool
    ) -> None:
        self._connect = connect
        self._pooled = pooled
        self._most = connections
        self._free = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []  # the last to come back is the first to go out again
        self._made: dict[_Connection, float] = {}  # all that are open, and since when

    async def row(self, statement: str, value: str) -> Sequence[Any] | None:
        """Return the first row of a SELECT, or None; prepared once per connection and reused.

        Args:
            statement: PostgreSQL's own, with `$1` where the value stands.
            value: What `$1` is.

        Raises:
            DatabaseUnavailable: The database does not answer, or no connection is free in time.
        """
        try:
            await self._turn()
            try:
                connection = self._idle_connection() or await self._new_connection()
                try:
                    row = await self._first(connection, statement, value)
                except BaseException as error:
                    # What a statement that was cut off has left on the wire is not worth reading.
                    self._give_back(connection, broken=not isinstance(error, asyncpg.PostgresError))
                    if isinstance(error, TimeoutError):
                        self._drop_idle()
                    raise
                self._give_back(connection)
                return row
            finally:
                self._free.release()
        except asyncpg.PostgresError as error:
            if is_away(error):
                raise unavailable(error) from error
            raise
        except (OSError, asyncpg.InterfaceError) as error:  # a time-out is an OSError
            raise unavailable(error) from error

    def connections(self) -> tuple[int, int, int]:
        """Return how many connections are in use, how many idle, and how many there may be."""
        return len(self._made) - len(self._idle), len(self._idle), self._most

    async def close(self) -> None:
        """Close all connections; one that is in use, or whose server hears nothing, is cut."""
        closing = [connection.close(timeout=_CLOSE_SECONDS) for connection in self._idle]
        busy = self._made.keys() - set(self._idle)
        self._made.clear()
        self._idle.clear()
        for connection in busy:
            connection.terminate()
        await asyncio.gather(*closing, return_exceptions=True)

    async def _turn(self) -> None:
        if self._free.locked():
            async with asyncio.timeout(POOL_SECONDS):
                await self._free.acquire()
        else:  # a timer is a tenth of what a row costs
            await self._free.acquire()

    def _idle_connection(self) -> _Connection | None:
        too_old = asyncio.get_running_loop().time() - RECYCLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed() and self._made[connection] > too_old:
                return connection
            self._drop(connection)
        return None

    async def _new_connection(self) -> _Connection:
        connection = await self._connect()
        self._made[connection] = asyncio.get_running_loop().time()
        return connection

    def _give_back(self, connection: _Connection, *, broken: bool = False) -> None:
        if broken or connection.is_closed():
            self._drop(connection)
        elif connection in self._made:
            self._idle.append(connection)

    def _drop(self, connection: _Connection) -> None:
        self._made.pop(connection, None)
        connection.terminate()

    def _drop_idle(self) -> None:
        """Drop what may be as silent as the one that was; else each would cost a reader its time.

        Firewalls and failovers forget connections without a word.
        """
        while self._idle:
            self._drop(self._idle.pop())

    async def _first(
        self, connection: _Connection, statement: str, value: str
    ) -> Sequence[Any] | None:
        if self._pooled:
            async with connection.transaction(readonly=True):
                row: Sequence[Any] | None = await connection.fetchrow(statement, value)
        else:
            row = await connection.fetchrow(statement, value)
        return row


@asynccontextmanager
async def open_reader(address: DatabaseAddress, *, connections: int) -> AsyncIterator[Reader]:
    """Open a reader that connects when first used, and close it at the end.

    Args:
        address: Where the database is.
        connections: Most of them.
    """
    options = {"statement_cache_size": 0} if address.pooled else {}
    connect = connector(address, STATEMENT_SECONDS)
    reader = Reader(lambda: connect(**options), connections=connections, pooled=address.pooled)
    try:
        yield reader
    finally:
        await reader.close()
