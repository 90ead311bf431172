"""How Alembic reaches the database: the service's own address, driver and tables.

The address is handed in by `auth_service.migrate`, or else read from DATABASE_URL as the service
reads it; no file holds it.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from auth_service.database.address import read_address
from auth_service.database.engine import open_database
from auth_service.database.tables import Base
from auth_service.settings import DatabaseSettings

# Any number will do that nobody else takes: several services starting at once migrate one at a
# time. Held for the transaction, since a pooler gives a session's locks to strangers.
MIGRATION_LOCK = 7_041_776_201


def _database_url() -> str:
    handed_in: str | None = context.config.attributes.get("database_url")
    return handed_in or DatabaseSettings.from_environment().database_url.get_secret_value()


def _is_ours(
    _object: object,
    _name: str | None,
    _kind: str,
    reflected: bool,  # noqa: FBT001 -- Alembic calls it so
    counterpart: object,
) -> bool:
    """Leave alone what the database holds beyond our tables, columns and indexes."""
    return counterpart is not None or not reflected


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=_is_ours,
        compare_server_default=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()


async def _run() -> None:
    address = read_address(_database_url())
    # Neither a long migration nor the wait for another's is cut short.
    database = open_database(address, pool_size=1, overflow=0, statement_seconds=None)
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(_migrate)
    finally:
        await database.engine.dispose()


asyncio.run(_run())
