"""SQLite files in the data folder that hold what can be made again: losing one costs time alone.

So whatever is wrong with such a file is said, and work goes on: a damaged one is set aside and
begun anew, one that cannot be opened is done without.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

_WAIT_SECONDS = 5.0

Remark = Callable[[str], None]
"""Told a sentence that the operator should know."""


def open_database(path: Path, schema: str, remark: Remark) -> sqlite3.Connection | None:
    """Open a file, making it if it is missing; None where it cannot be used.

    Several processes may have it open. What one has committed outlives it, however it ends.

    Args:
        path: The file; its folder is made too.
        schema: Statements that change nothing where the tables are there already.
        remark: Told what is wrong with the file.
    """
    try:
        try:
            return _opened(path, schema)
        except sqlite3.OperationalError:  # locked, not ours, no room: not damaged
            raise
        except sqlite3.DatabaseError as error:
            set_aside(path)
            remark(f"{path} is damaged ({error}); it was set aside, and a new one is made.")
            return _opened(path, schema)
    except (OSError, sqlite3.Error) as error:
        remark(f"{path} cannot be used ({error}); this goes on without it.")
        return None


def _opened(path: Path, schema: str) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Ours alone from its first byte: SQLite gives what it makes beside a file the file's own mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    # Used by one thread at a time, which need not be the one that opens it.
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection


def set_aside(path: Path) -> None:
    """Rename a damaged file to NAME.damaged, in the place of any that was set aside before."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.replace(path.with_name(f"{path.name}.damaged"))
