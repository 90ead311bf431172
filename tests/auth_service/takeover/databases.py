"""Databases as versions of Better Auth have left them, and what their readers hold."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import asyncpg

FOLDER = Path(__file__).parent
VERSIONS = ("1.3.34", "1.4.22", "1.5.6", "1.6.33", "1.7.1", "1.7.5", "1.7.25")

Rows = list[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Held:
    """What readers of a database hold.

    Attributes:
        moment: When the server was stopped.
        live: Cookies of sessions that last, by the name of the reader.
        ended: Cookies of sessions that have ended, by how.
        resets: Tokens mailed to reset a password: pending, used and expired.
        verification: Token mailed to verify the address of reader1.
        api_key: Of reader1.
    """

    moment: datetime
    live: dict[str, list[str]]
    ended: dict[str, str]
    resets: dict[str, str]
    verification: str
    api_key: str


def held(version: str) -> Held:
    """Read what readers hold."""
    said = json.loads((FOLDER / f"better_auth_{version}.json").read_text())
    return Held(
        moment=datetime.fromisoformat(said["moment"]),
        live=said["sessions"]["live"],
        ended=said["sessions"]["ended"],
        resets=said["resets"],
        verification=said["verification"],
        api_key=said["apiKey"],
    )


@contextmanager
def left_by(server: str, version: str | None) -> Iterator[str]:
    """Make a database that a version has left, or an empty one; yield its URL."""
    name = f"left_{uuid4().hex}"
    run(server, f"CREATE DATABASE {name}")
    url = f"{server.rpartition('/')[0]}/{name}"
    if version is not None:
        run(url, (FOLDER / f"better_auth_{version}.sql").read_text())
    try:
        yield url
    finally:
        run(server, f"DROP DATABASE {name} WITH (FORCE)")


def run(url: str, statements: str) -> None:
    """Run any number of statements."""

    async def execute() -> None:
        db = await asyncpg.connect(url)
        try:
            await db.execute(statements)
        finally:
            await db.close()

    asyncio.run(execute())


def rows(url: str, statement: str) -> Rows:
    """Return the rows of a query."""

    async def fetch() -> Rows:
        db = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await db.fetch(statement)]
        finally:
            await db.close()

    return asyncio.run(fetch())


def tables(url: str) -> dict[str, list[str]]:
    """Return the columns of every table but Alembic's, in their order."""
    found = rows(
        url,
        "SELECT table_name, array_agg(column_name ORDER BY ordinal_position)"
        " FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name <> 'alembic_version' GROUP BY 1",
    )
    return {str(table): list(columns) for table, columns in found}  # type: ignore[call-overload] # asyncpg is not typed


def contents(url: str, columns: dict[str, list[str]]) -> dict[str, Rows]:
    """Return the rows of tables, of the columns named."""

    def statement(table: str, names: list[str]) -> str:
        quoted = ", ".join(f'"{name}"' for name in names)
        return f'SELECT {quoted} FROM "{table}" ORDER BY id'  # noqa: S608 -- our own names

    return {table: rows(url, statement(table, names)) for table, names in columns.items()}


def structure(url: str) -> Rows:
    """Return every column, constraint and index of all tables but Alembic's."""
    return rows(
        url,
        "SELECT attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod),"
        " attnotnull::text || coalesce(pg_get_expr(adbin, adrelid), '')"
        " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0"
        " AND NOT attisdropped AND relname <> 'alembic_version'"
        " UNION ALL SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), ''"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        " AND conrelid::regclass::text <> 'alembic_version'"
        " UNION ALL SELECT tablename::text, indexname::text, indexdef, '' FROM pg_indexes"
        " WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1, 2, 3, 4",
    )
