"""What the index held when an ingestion began, less what has been found in the book since.

Kept in a temporary SQLite file, which is gone with the process: a book's chunks need not fit into
memory. What is left in the end is what the book no longer has.
"""

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager

from api_service.vector_index import StoredChunk

_AT_ONCE = 1000


class Ledger:
    """The stored chunks nobody has asked for yet, page by page."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def enter(self, stored: Mapping[str, StoredChunk]) -> None:
        """Enter stored chunks by their ids."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO stored VALUES (?, ?, ?)",
            [(one.path, id_, one.fingerprint) for id_, one in stored.items()],
        )

    def of_page(self, path: str) -> dict[str, str]:
        """Return the fingerprints of a page's chunks by their ids."""
        rows = self._connection.execute("SELECT id, mark FROM stored WHERE path = ?", [path])
        return dict(rows.fetchall())

    def strike(self, path: str, ids: Iterable[str]) -> None:
        """Strike out chunks that the book has."""
        # A point without a path is none of ours, but may have the id of a chunk that is written.
        self._connection.executemany(
            "DELETE FROM stored WHERE path IN (?, '') AND id = ?", [(path, id_) for id_ in ids]
        )

    def strike_page(self, path: str) -> None:
        """Strike out all that is stored of a page."""
        self._connection.execute("DELETE FROM stored WHERE path = ?", [path])

    def pages(self) -> int:
        """Return of how many pages something is left."""
        (number,) = self._connection.execute("SELECT count(DISTINCT path) FROM stored").fetchone()
        return int(number)

    def pages_outside(self, paths: Collection[str]) -> int:
        """Return of how many pages something is left that are none of these."""
        rows = self._connection.execute("SELECT DISTINCT path FROM stored")
        return sum(path not in paths for (path,) in rows)

    def left(self) -> Iterator[list[str]]:
        """Yield the ids of what is left, some at a time."""
        rows = self._connection.execute("SELECT id FROM stored")
        while some := rows.fetchmany(_AT_ONCE):
            yield [id_ for (id_,) in some]


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Open an empty ledger."""
    # An empty name is a file of its own, in the system's folder for temporary files.
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # nobody needs it after a crash
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TABLE stored (path TEXT, id TEXT, mark TEXT, PRIMARY KEY (path, id))"
            " WITHOUT ROWID"
        )
        yield Ledger(connection)


def digest(fingerprints: Mapping[str, str]) -> str:
    """Return a SHA-256, in hex, of chunks' ids and fingerprints, in whatever order they come."""
    lines = sorted(f"{id_} {mark}" for id_, mark in fingerprints.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
