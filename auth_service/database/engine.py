"""Connections to the database: the pool, its two manners, and its failures in our words."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import asyncpg
import structlog
from sqlalchemy import ExceptionContext, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from auth_service.database.address import DatabaseAddress
from auth_service.errors import DatabaseUnavailable
from auth_service.metrics import DATABASE_ERRORS

log = structlog.get_logger(__name__)

Statements = AsyncConnection | AsyncSession
"""What a statement can be run on; who opened it decides whether it is a transaction."""

STATEMENT_SECONDS = 10.0
POOL_SECONDS = 5.0  # to wait for a free connection
CLOSE_SECONDS = 2.0
RECYCLE_SECONDS = 900  # serverless databases and proxies drop what is idle for long

# SQLSTATE classes: connection exception, insufficient resources, operator intervention,
# system error. PostgreSQL documentation, appendix A.
_AWAY = ("08", "53", "57", "58")


@dataclass(frozen=True, slots=True)
class Database:
    """One pool in two manners.

    Attributes:
        engine: For transactions.
        autocommit: For one statement at a time, without BEGIN and COMMIT around it. Behind a
            transaction pooler it is `engine`: there a statement's two messages, parse and
            execute, meet the same server connection only within a transaction.
        most: Connections that are opened at most.
        made: Those that are open, as the driver knows them.
    """

    engine: AsyncEngine
    autocommit: AsyncEngine
    most: int = 0
    made: WeakSet[Any] = field(default_factory=WeakSet)

    def connections(self) -> tuple[int, int, int]:
        """Return how many connections are in use, how many idle, and how many there may be."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)  # noqa: S101 -- as an engine of this kind has
        return pool.checkedout(), pool.checkedin(), self.most

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in the manner of `autocommit`.

        Raises:
            DatabaseUnavailable: The database does not answer.
        """
        with database_errors():
            async with self.autocommit.begin() as db:
                yield db

    async def close(self) -> None:
        """Close the pool; connections whose server says nothing are cut after CLOSE_SECONDS."""
        # All at once: the pool closes one after another, and waits for each.
        closing = [connection.close(timeout=CLOSE_SECONDS) for connection in list(self.made)]
        await asyncio.gather(*closing, return_exceptions=True)
        await self.engine.dispose()


def open_database(
    address: DatabaseAddress,
    *,
    pool_size: int,
    overflow: int,
    statement_seconds: float | None = STATEMENT_SECONDS,
) -> Database:
    """Make the pool; it connects when first used.

    Args:
        address: Where the database is.
        pool_size: Connections kept open.
        overflow: Connections opened beyond these for a burst.
        statement_seconds: What a statement may take; None: as long as it likes.
    """
    pooler: dict[str, object] = (
        {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            # The empty name is PostgreSQL's unnamed statement, gone with the transaction.
            "prepared_statement_name_func": lambda: "",
        }
        if address.pooled
        else {}
    )
    made: WeakSet[Any] = WeakSet()
    connect = connector(address, statement_seconds)

    async def connect_noted(**options: object) -> Any:  # noqa: ANN401 -- as of `connector`
        connection = await connect(**options)
        made.add(connection)
        return connection

    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": connect_noted, **pooler},
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=POOL_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        pool_use_lifo=True,  # what a burst opened falls idle and is recycled
        hide_parameters=True,  # values of a failed statement stay out of logs
    )
    event.listen(engine.sync_engine, "checkout", _refuse_dead_connection)
    event.listen(engine.sync_engine, "handle_error", _replace_all_after_silence)
    if address.pooled:
        return Database(engine, engine, pool_size + overflow, made)
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    return Database(engine, autocommit, pool_size + overflow, made)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the driver's ways of saying that the database is away into DatabaseUnavailable.

    Errors that are our own, such as a statement the database does not understand, pass.
    """
    try:
        yield
    except (PoolTimeout, TimeoutError) as error:  # no free connection; no answer on ours
        raise unavailable(error) from error
    except DBAPIError as error:
        if error.connection_invalidated or is_away(error.orig):
            raise unavailable(error) from error
        raise


def is_away(error: BaseException | None) -> bool:
    """Tell whether the server has said that it cannot serve, by the class of its SQLSTATE."""
    return (getattr(error, "sqlstate", None) or "").startswith(_AWAY)


def connector(address: DatabaseAddress, statement_seconds: float | None) -> Any:  # noqa: ANN401 -- asyncpg is not typed
    """Return the function with which a pool connects; it raises DatabaseUnavailable."""

    async def connect(**options: object) -> Any:  # noqa: ANN401 -- as above
        try:
            async with asyncio.timeout(address.timeout):
                return await asyncpg.connect(
                    address.dsn,
                    ssl=address.tls,
                    command_timeout=statement_seconds,
                    **options,
                )
        except (
            OSError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            ValueError,
            OverflowError,  # a port beyond the last
        ) as error:
            # OSError covers time-outs, refusals, unknown hosts and TLS. Whatever the reason,
            # without a connection the service cannot answer; the log names it.
            raise unavailable(error) from error

    return connect


def unavailable(error: Exception) -> DatabaseUnavailable:
    """Log that the database is away and return what to raise."""
    log.warning("database_unavailable", error=type(error).__name__)
    DATABASE_ERRORS.add()
    return DatabaseUnavailable()


def _refuse_dead_connection(
    dbapi_connection: Any,  # noqa: ANN401 -- SQLAlchemy's adapter of an untyped driver
    _record: object,
    _proxy: PoolProxiedConnection,
) -> None:
    """Have the pool replace a connection whose socket closed while it was idle.

    asyncpg hears of the closing at once, so looking costs nothing, where a ping would cost
    every request a round trip.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError


def _replace_all_after_silence(context: ExceptionContext) -> None:
    """Have the pool replace all its connections once one has not answered in time.

    Firewalls and failovers forget connections without a word; each would cost somebody its time.
    """
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True
