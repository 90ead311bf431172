"""What was made of each page the last time, so that an unchanged page need not be read again.

A page's chunks depend on its file, on the files it includes or links to, on the names of all files
(a link may lead to one, two pages may claim one address), on the site's configuration, on the
settings, and on the code that makes them. Where all of these are as they were, so are the chunks,
and their digest tells whether the index has them. What is recorded is a fact about the source, not
about the index: it stays true whoever else writes there, and a lost file costs a reading.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath

import api_service
from api_service.documents import Flaw
from api_service.ingestion.loaders.files import walk
from api_service.ingestion.loaders.sites import Site
from api_service.local_database import Remark, open_database

FILE = "pages.sqlite"
"""Its name in the data folder."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (
    folder TEXT, path TEXT, made_by TEXT, is_published INTEGER, sources TEXT, digest TEXT,
    chunks INTEGER, flaws TEXT,
    PRIMARY KEY (folder, path)
) WITHOUT ROWID;
"""
_LIBRARIES = (
    "markdown-it-py",
    "mdit-py-plugins",
    "pyyaml",
    "semantic-text-splitter",
    "bpe-openai",
    "justhtml",
    "pypdfium2",
    "tree-sitter",
    "tree-sitter-typescript",
    "wcmatch",
)
_CONFIGURATION = ("docusaurus.config.*", "sidebars.*", "*versions.json")


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page as it was read.

    Attributes:
        path: Its file, relative to the book's folder.
        is_published: Whether it is part of the book; if not, it has no chunks.
        sources: Each file it depends on, with a digest of what was in it.
        digest: Of its chunks' ids and fingerprints.
        chunks: How many there are.
        flaws: As of its Document.
    """

    path: str
    is_published: bool
    sources: tuple[tuple[str, str], ...]
    digest: str
    chunks: int
    flaws: tuple[Flaw, ...]

    def is_current(self) -> bool:
        """Tell whether every file is as it was."""
        return all(file_digest(Path(name)) == digest for name, digest in self.sources)


class PageRecords:
    """The records of one folder's pages, made under one set of circumstances.

    Args:
        connection: To the file; None where there is none, and nothing is remembered.
        folder: The book's folder, resolved.
        made_by: What the pages' chunks depend on besides their files.
    """

    def __init__(self, connection: sqlite3.Connection | None, folder: Path, made_by: str) -> None:
        self._connection = connection
        self._folder = str(folder)
        self._made_by = made_by

    def of(self, path: PurePosixPath) -> PageRecord | None:
        """Return a page's record if it still holds."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(
                "SELECT is_published, sources, digest, chunks, flaws FROM pages"
                " WHERE folder = ? AND path = ? AND made_by = ?",
                [self._folder, str(path), self._made_by],
            ).fetchone()
        except sqlite3.Error:
            self._connection = None
            return None
        if row is None:
            return None
        is_published, sources, digest, chunks, flaws = row
        try:
            record = PageRecord(
                path=str(path),
                is_published=bool(is_published),
                sources=tuple((str(name), str(mark)) for name, mark in json.loads(sources)),
                digest=digest,
                chunks=int(chunks),
                flaws=tuple(Flaw(line, str(reason)) for line, reason in json.loads(flaws)),
            )
            return record if record.is_current() else None
        except (ValueError, TypeError, RecursionError):  # damaged: the page is read again
            return None

    def keep(self, records: Iterable[PageRecord]) -> None:
        """Keep records, in the place of earlier ones."""
        rows = [
            (
                self._folder,
                record.path,
                self._made_by,
                record.is_published,
                json.dumps(record.sources),
                record.digest,
                record.chunks,
                json.dumps([(flaw.line, flaw.reason) for flaw in record.flaws]),
            )
            for record in records
        ]
        if self._connection is None:
            return
        try:
            with self._connection:
                self._connection.executemany(
                    "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
                )
        except sqlite3.Error:  # the next run reads these pages again
            self._connection = None

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def open_records(
    file: Path | None, site: Site, circumstances: Iterable[object], remark: Remark
) -> PageRecords:
    """Open the records of a folder's pages.

    Args:
        file: The SQLite file; None to remember nothing.
        site: What the book's folder is part of.
        circumstances: The settings that the chunks depend on.
        remark: Told what is wrong with the file.
    """
    if file is None:
        return PageRecords(None, site.folder, "")
    parts = (*circumstances, _names_digest(site.folder), _configuration_digest(site), code_digest())
    made_by = hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()
    return PageRecords(open_database(file, _SCHEMA, remark), site.folder, made_by)


def file_digest(file: Path) -> str:
    """Return a digest of what is in a file; "" where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""


def _names_digest(folder: Path) -> str:
    names = hashlib.sha256()
    # Hidden ones are nobody's pages, and DATA_DIR, whose files come and go, may be among them.
    shown = (path for path in walk(folder) if not any(part.startswith(".") for part in path.parts))
    for path in sorted(shown):
        names.update(f"{path}\n".encode("utf-8", "surrogateescape"))
        if path.name.startswith("_category_."):
            names.update(file_digest(folder / path).encode())
    return names.hexdigest()


def _configuration_digest(site: Site) -> str:
    files = sorted(file for pattern in _CONFIGURATION for file in site.root.glob(pattern))
    return "".join(file_digest(file) for file in files if file.is_file())


@cache
def code_digest() -> str:
    """Return a digest of the code that reads pages and cuts them, ours and the libraries'."""
    package = Path(api_service.__file__).parent
    beside = (package / "documents.py", package / "token_counts.py")
    files = [*beside, *sorted((package / "ingestion").rglob("*.py"))]
    parts = [file_digest(file) for file in files] + [_version(name) for name in _LIBRARIES]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # of an extra
        return ""
