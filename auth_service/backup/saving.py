"""Saving: every table in one snapshot, into a file that is whole or not there."""

import json
from dataclasses import asdict
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from auth_service.backup import FORMAT, MANIFEST, TABLES, BackupRefused, Manifest, SavedTable

_QUOTED = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]  # SQLAlchemy says no types

# What the tables' own schema holds; the migrations' notes are made anew by the migrations.
_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema() ORDER BY 1, 2
"""
_SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = current_schema() AND last_value IS NOT NULL
"""
_NOTES = {"alembic_version", "auth_service_takeover"}


async def save(db: Any, target: ZipFile, *, head: str) -> Manifest:  # noqa: ANN401 -- asyncpg is not typed
    """Write every table as it is at one moment.

    Args:
        db: A connection of asyncpg's, used by nobody else.
        target: Open for writing; the manifest goes in last.
        head: The newest migration there is.

    Raises:
        BackupRefused: The database is at another migration.
    """
    async with db.transaction(isolation="repeatable_read", readonly=True):
        schema = await schema_of(db)
        if schema != head:
            raise BackupRefused(
                f"The database is at the migration {schema or '(none)'}, and this version saves "
                f"{head}. Run `make migrate`, or save it with the version that it belongs to."
            )
        made_at = await db.fetchval("SELECT now()")
        found = [tuple(row) for row in await db.fetch(_COLUMNS)]
        tables = {table.name: await _table(db, target, table) for table in TABLES}
        # Read last: a sequence stands outside the snapshot, and may only be ahead of its rows.
        sequences = {str(row[0]): int(row[1]) for row in await db.fetch(_SEQUENCES)}
    manifest = Manifest(
        format=FORMAT,
        schema=schema,
        made_at=made_at.isoformat(),
        tables=tables,
        sequences=sequences,
        left_out=_left_out(found),
    )
    target.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1), compress_type=ZIP_DEFLATED)
    return manifest


async def schema_of(db: Any) -> str | None:  # noqa: ANN401 -- as above
    """Return the migration a database is at; None before the first."""
    if await db.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found: str | None = await db.fetchval("SELECT version_num FROM alembic_version")
    return found


async def _table(db: Any, target: ZipFile, table: Table) -> SavedTable:  # noqa: ANN401 -- as above
    columns = tuple(column.name for column in table.columns)
    listed = ", ".join(map(_QUOTED, columns))
    with target.open(table.name, "w", force_zip64=True) as member:

        async def write(data: bytes) -> None:
            member.write(data)

        done = await db.copy_from_query(f"SELECT {listed} FROM {_QUOTED(table.name)}", output=write)  # noqa: S608 -- our own names
    return SavedTable(columns, int(done.split()[-1]))


def _left_out(found: list[tuple[str, str]]) -> tuple[str, ...]:
    """Name the tables and columns that are there and are not ours."""
    ours = {table.name: {column.name for column in table.columns} for table in TABLES}
    foreign = {table for table, _ in found if table not in ours} - _NOTES
    columns = {f"{table}.{name}" for table, name in found if name not in ours.get(table, {name})}
    return (*sorted(foreign), *sorted(columns))
