"""Vectors kept on this machine, so that a text is paid for once.

A vector is found by embedder, length and text, wherever in whatever book the text stands: a page
that moved, a book ingested anew and a run that was killed cost what is new. Only ingestion uses
this; readers' questions are not kept.
"""

import asyncio
import hashlib
import sqlite3
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from api_service.embedders import Embedder
from api_service.local_database import Remark, open_database, set_aside

FILE = "embeddings.sqlite"
"""Its name in the data folder."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY,   -- SHA-256 of embedder, length and text
    vector BLOB NOT NULL,   -- float32, in this machine's order of bytes
    used INTEGER NOT NULL   -- when it was asked for last, in nanoseconds since 1970
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vectors_by_use ON vectors (used);
"""
_LEFT = 0.9  # of the bound, once it is reached, so that it is not reached again at the next text
_AT_ONCE = 500

_T = TypeVar("_T")


class CachedEmbedder:
    """An embedder whose vectors are kept in a file.

    Args:
        embedder: Asked for what is not there; closed by close().
        file: The SQLite file.
        most_bytes: Size at which the vectors asked for longest ago are removed.
        remark: Told in a sentence what is wrong with the file.
    """

    def __init__(self, embedder: Embedder, file: Path, most_bytes: int, remark: Remark) -> None:
        self.name = embedder.name
        self.dimensions = embedder.dimensions
        self._embedder = embedder
        self._file = file
        self._most_bytes = most_bytes
        self._remark = remark
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding-cache")
        self._connection = open_database(file, _SCHEMA, remark)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text; the embedder is asked for those not seen before, once each.

        Raises:
            ModelUnavailable: As the embedder does.
        """
        vectors, _ = await self.embed_noting(texts)
        return vectors

    async def embed_noting(self, texts: Sequence[str]) -> tuple[list[list[float]], list[bool]]:
        """Return what `embed` does, and for each text whether the embedder was asked.

        Raises:
            ModelUnavailable: As the embedder does.
        """
        keys = [self._key(text) for text in texts]
        found = await self._in_thread(lambda: self._kept(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            vectors = await self._embedder.embed(list(missing.values()))
            fresh = dict(zip(missing, vectors, strict=True))
            # Paid for is paid for: kept even when this run is being stopped.
            await asyncio.shield(self._in_thread(lambda: self._keep(fresh)))
            found = {**found, **fresh}
        return [found[key] for key in keys], [key in missing for key in keys]

    async def are_missing(self, texts: Sequence[str]) -> list[bool]:
        """Tell for each text whether the embedder would be asked."""
        keys = [self._key(text) for text in texts]
        found = await self._in_thread(lambda: self._kept(keys))
        return [key not in found for key in keys]

    async def close(self) -> None:
        """Close the file and the embedder."""
        await self._in_thread(self._close)
        await asyncio.to_thread(self._thread.shutdown)
        await self._embedder.close()

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self.name}\n{self.dimensions}\n{text}".encode()).digest()

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _kept(self, keys: Sequence[bytes]) -> dict[bytes, list[float]]:
        def read(connection: sqlite3.Connection) -> dict[bytes, list[float]]:
            found: dict[bytes, list[float]] = {}
            for some in _in_parts(keys):
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})",  # noqa: S608 - question marks
                    some,
                )
                found.update({key: array("f", vector).tolist() for key, vector in rows})
            with connection:
                connection.executemany(
                    "UPDATE vectors SET used = ? WHERE key = ?",
                    [(time.time_ns(), key) for key in found],
                )
            return {k: vector for k, vector in found.items() if len(vector) == self.dimensions}

        return self._using(read) or {}

    def _keep(self, fresh: Mapping[bytes, Sequence[float]]) -> None:
        rows = [
            (key, array("f", vector).tobytes(), time.time_ns()) for key, vector in fresh.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            if _size(connection) > self._most_bytes:
                _remove_oldest(connection, int(self._most_bytes * _LEFT))

        self._using(write)

    def _using(self, work: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Do something with the file; where it fails this run goes on without it."""
        if self._connection is None:
            return None
        try:
            return work(self._connection)
        except (sqlite3.Error, ValueError) as error:  # a vector of no whole number of floats
            damaged = not isinstance(error, sqlite3.OperationalError)
            self._remark(
                f"{self._file} {'is damaged' if damaged else 'cannot be used'} ({error}); "
                "vectors are neither taken from it nor kept in this run."
            )
            self._close()
            if damaged:
                with suppress(OSError):
                    set_aside(self._file)
            return None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _in_parts(keys: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]


def _size(connection: sqlite3.Connection) -> int:
    pages, unused, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - unused) * size)


def _remove_oldest(connection: sqlite3.Connection, most_bytes: int) -> None:
    """Remove the vectors asked for longest ago; their room in the file is used again."""
    gone = 1
    while gone and _size(connection) > most_bytes:
        with connection:
            gone = connection.execute(
                "DELETE FROM vectors WHERE key IN (SELECT key FROM vectors ORDER BY used LIMIT ?)",
                [_AT_ONCE],
            ).rowcount
