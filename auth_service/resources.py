"""What lives as long as the process: opened and closed here."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth_service.database.address import read_address
from auth_service.database.engine import Database, open_database
from auth_service.database.reader import Reader, open_reader
from auth_service.settings import Settings
from auth_service.workers import WorkerPool
from service_kit.origins import TrustedOrigins

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Resources:
    """What routes ask for by name."""

    settings: Settings
    database: Database
    reader: Reader
    sessionmaker: async_sessionmaker[AsyncSession]
    passwords: WorkerPool
    trusted: TrustedOrigins
    clock: Clock


OpenResources = Callable[[Settings], AbstractAsyncContextManager[Resources]]


@asynccontextmanager
async def open_resources(settings: Settings, *, clock: Clock = utc_now) -> AsyncIterator[Resources]:
    """Open what the service needs; it waits for nothing, so it starts without its database.

    Raises:
        BadSettings: DATABASE_URL cannot be read.
    """
    address = read_address(settings.database_url.get_secret_value())
    if address.notice:
        log.warning("database_certificate_verified", reason=address.notice)
    database = open_database(
        address, pool_size=settings.database_pool_size, overflow=settings.database_pool_overflow
    )
    passwords = WorkerPool(threads=settings.password_workers, queue=settings.password_queue)
    try:
        async with open_reader(address, connections=settings.database_reader_size) as reader:
            yield Resources(
                settings=settings,
                database=database,
                reader=reader,
                sessionmaker=async_sessionmaker(database.engine, expire_on_commit=False),
                passwords=passwords,
                trusted=TrustedOrigins(settings.all_trusted_origins),
                clock=clock,
            )
    finally:
        passwords.close()
        await database.engine.dispose()
