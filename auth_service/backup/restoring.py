"""Restoring: into a database without accounts, by the migrations and then by COPY."""

import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

import structlog
from pydantic import TypeAdapter

from auth_service.backup import FORMAT, MANIFEST, TABLES, BackupRefused, Manifest

log = structlog.get_logger(__name__)

_BLOCK = 1 << 16
_MANIFEST = TypeAdapter(Manifest)

_DAMAGED = "The file is damaged, or no backup of the accounts."

# What reading a ZIP with a wrong byte raises: the last of unknown methods and of encryption.
_UNREADABLE = (
    *(KeyError, AttributeError, ValueError, EOFError),
    *(BadZipFile, zlib.error, RuntimeError),
)

# Where one of these has a row, there is something to lose.
_TELLING = ("user", "apikey", "audit_event")


def opened(file: Path | IO[bytes]) -> ZipFile:
    """Open a file for reading.

    Raises:
        BackupRefused: It is damaged, or no ZIP.
        OSError: It cannot be read.
    """
    try:
        return ZipFile(file)
    except _UNREADABLE as error:
        raise BackupRefused(_DAMAGED) from error


def read_manifest(source: ZipFile) -> Manifest:
    """Return what a file says it holds, once it is clear that it is whole.

    Raises:
        BackupRefused: It is damaged, or none of ours.
    """
    try:
        stated = json.loads(source.read(MANIFEST))
        if stated.get("format") != FORMAT:
            raise BackupRefused(
                f"The file is of format {stated.get('format')}, and this version reads {FORMAT}. "
                "Restore it with the version that made it."
            )
        manifest = _MANIFEST.validate_python(stated)
        if damaged := source.testzip():
            raise BackupRefused(f"The file is damaged: {damaged} is not what was saved.")
    except _UNREADABLE as error:
        raise BackupRefused(_DAMAGED) from error
    if missing := set(manifest.tables) - set(source.namelist()):
        raise BackupRefused(f"The file is damaged: {', '.join(sorted(missing))} is missing.")
    return manifest


async def require_empty(db: Any) -> None:  # noqa: ANN401 -- asyncpg is not typed
    """Refuse a database in which something could be lost.

    Raises:
        BackupRefused: There are accounts, keys or events in it, or somebody else's tables of
            these names.
    """
    for name in _TELLING:
        there = await db.fetchval("SELECT to_regclass($1)", f'"{name}"') is not None
        if there and await db.fetchval(f'SELECT EXISTS (SELECT FROM "{name}")'):  # noqa: S608 -- our own names
            raise BackupRefused(
                f"The database is not empty: its table {name} has rows. Nothing was changed; "
                "restore into a database of its own."
            )


async def restore(db: Any, source: ZipFile, manifest: Manifest) -> None:  # noqa: ANN401 -- as above
    """Fill the tables, which must be empty and at the manifest's migration; all or nothing.

    Raises:
        BackupRefused: A table does not take what was saved of it, or has rows by now.
    """
    async with db.transaction():
        listed = ", ".join(f'"{name}"' for name in manifest.tables)
        await db.execute(f"LOCK TABLE {listed} IN EXCLUSIVE MODE")
        await require_empty(db)  # a service may have let somebody sign up meanwhile
        # Made by the migrations, or by a service that was quicker.
        for table in reversed(TABLES):
            if table.name in manifest.tables and table.name not in _TELLING:
                await db.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 -- our own names
        for table in TABLES:
            if saved := manifest.tables.get(table.name):
                done = await db.copy_to_table(
                    table.name, source=_blocks(source, table.name), columns=list(saved.columns)
                )
                if int(done.split()[-1]) != saved.rows:
                    raise BackupRefused(f"Not all rows of {table.name} could be restored.")
        for name, value in manifest.sequences.items():
            await db.execute("SELECT setval($1::regclass, $2)", f'"{name}"', value)
    log.info("accounts_restored", rows={name: one.rows for name, one in manifest.tables.items()})


async def _blocks(source: ZipFile, name: str) -> AsyncIterator[bytes]:
    with source.open(name) as member:
        while block := member.read(_BLOCK):
            yield block
