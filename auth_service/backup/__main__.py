"""The command: `python -m auth_service.backup save FILE`, or `restore FILE`; `-` is a pipe.

Exit status: 0 done; 1 refused, or the database does not answer; 2 wrong arguments or settings.
"""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NoReturn
from zipfile import ZIP_DEFLATED, ZipFile

from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from auth_service.backup import BackupRefused, Manifest
from auth_service.backup.restoring import opened, read_manifest, require_empty, restore
from auth_service.backup.saving import save, schema_of
from auth_service.database.address import read_address
from auth_service.database.engine import connector
from auth_service.errors import DatabaseUnavailable
from auth_service.migrate import alembic_config
from auth_service.settings import DatabaseSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings


def main() -> None:
    """Save the accounts of DATABASE_URL, or restore them."""
    parser = argparse.ArgumentParser(
        prog="python -m auth_service.backup",
        description="Save the accounts of DATABASE_URL to a file, or restore them from one.",
    )
    parser.add_argument("act", choices=["save", "restore"])
    parser.add_argument("file", help="a path; - is standard output or input")
    given = parser.parse_args()
    try:
        settings = DatabaseSettings.from_environment()
        configure_logs("backup", settings.log_format, settings.log_level)
        url = settings.database_url.get_secret_value()
        told = _saved(url, given.file) if given.act == "save" else _restored(url, given.file)
    except BadSettings as error:
        _stop(str(error), 2)
    except DatabaseUnavailable:
        _stop("The database of DATABASE_URL does not answer; the line above names the reason.", 1)
    except BackupRefused as error:
        _stop(str(error), 1)
    except OSError as error:
        _stop(f"{given.file} cannot be used: {error.strerror or error}.", 1)
    print(told, file=sys.stderr)  # noqa: T201 -- said to a person


def _saved(url: str, file: str) -> str:
    head = ScriptDirectory.from_config(alembic_config(url)).get_current_head() or ""
    with _written(file) as target:
        manifest = asyncio.run(_with_connection(url, lambda db: save(db, target, head=head)))
    left_out = ", ".join(manifest.left_out)
    note = f" Not auth-service's own, and not saved: {left_out}." if left_out else ""
    return f"Saved {_counted(manifest)}, as they were at {manifest.made_at}.{note}"


def _restored(url: str, file: str) -> str:
    with _read(file) as source:
        manifest = read_manifest(source)
        asyncio.run(_with_connection(url, require_empty))
        _bring_to(url, manifest.schema)
        asyncio.run(_with_connection(url, lambda db: restore(db, source, manifest)))
    command.upgrade(alembic_config(url), "head")
    return f"Restored {_counted(manifest)}, as they were at {manifest.made_at}."


def _bring_to(url: str, schema: str) -> None:
    """Make the tables as they were when they were saved; without rows, they may be made anew."""
    config = alembic_config(url)
    try:
        ScriptDirectory.from_config(config).get_revision(schema)
    except CommandError as error:
        raise BackupRefused(
            f"The file was saved by a newer version (migration {schema}); restore it with that one."
        ) from error
    if asyncio.run(_with_connection(url, schema_of)) not in {None, schema}:
        command.downgrade(config, "base")
    command.upgrade(config, schema)


async def _with_connection(url: str, use: Any) -> Any:  # noqa: ANN401 -- asyncpg is not typed
    db = await connector(read_address(url), None)(statement_cache_size=0)
    try:
        return await use(db)
    finally:
        await db.close()


def _counted(manifest: Manifest) -> str:
    rows = {name: saved.rows for name, saved in manifest.tables.items()}
    accounts, sessions = rows.get("user", 0), rows.get("session", 0)
    return f"{accounts} accounts, {sessions} sessions and what belongs to them"


@contextmanager
def _written(file: str) -> Iterator[ZipFile]:
    """Open a file that appears once it is whole, for its owner alone."""
    if file == "-":
        with ZipFile(sys.stdout.buffer, "w", ZIP_DEFLATED) as target:
            yield target
        return
    path = Path(file)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with open(partial, "wb", opener=_private) as sink:
            with ZipFile(sink, "w", ZIP_DEFLATED) as target:
                yield target
            sink.flush()
            os.fsync(sink.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _read(file: str) -> Iterator[ZipFile]:
    if file != "-":
        with opened(Path(file)) as source:
            yield source
        return
    with TemporaryFile() as spool:  # a ZIP is read from its end
        shutil.copyfileobj(sys.stdin.buffer, spool)
        with opened(spool) as source:
            yield source


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _stop(sentence: str, status: int) -> NoReturn:
    print(sentence, file=sys.stderr)  # noqa: T201 -- said to a person
    raise SystemExit(status)


if __name__ == "__main__":
    main()
