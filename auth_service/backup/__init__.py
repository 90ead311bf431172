"""The accounts in one file and back: `python -m auth_service.backup save FILE`, `restore FILE`.

The file is a ZIP: a member for each table, in the text form of PostgreSQL's COPY, and
`backup.json`, which says what they hold. All of it is one moment's. It needs no program of
PostgreSQL's, whose version would have to fit the server's, and reaches any server that
auth-service itself reaches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auth_service.database.tables import Base

FORMAT = 1
"""How the file is laid out."""

MANIFEST = "backup.json"

TABLES = tuple(Base.metadata.sorted_tables)
"""What is saved: a table after those it refers to."""


class BackupRefused(Exception):
    """Nothing was saved or restored; the text says why and what helps."""


@dataclass(frozen=True, slots=True)
class SavedTable:
    """A table in the file: its columns in their order, and how many rows there are."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file holds.

    Attributes:
        format: FORMAT, when it was made.
        schema: The migration the tables were at.
        made_at: The moment all of it is of, by the database's clock, in ISO 8601.
        tables: By their names.
        sequences: How far each had counted.
        left_out: Tables and columns of the same schema that are none of auth-service's.
    """

    format: int
    schema: str
    made_at: str
    tables: Mapping[str, SavedTable]
    sequences: Mapping[str, int]
    left_out: tuple[str, ...]
