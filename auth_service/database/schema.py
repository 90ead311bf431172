"""Which tables the database has: those of this service, of an older one, or of a newer one.

Services of two versions share a database while one takes the other's place. What a migration adds,
the older service does not see, so it goes on; what has not been added yet, the newer one lacks.
"""

from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from auth_service.database.engine import Database

log = structlog.get_logger(__name__)

REVISIONS = (
    *("first_tables", "revocation", "refresh_tokens", "roles_and_audit"),
    *("erasure", "audit_trace"),
)
"""Every migration's name, oldest first; the last makes what this service needs."""

NEEDED = REVISIONS[-1]

_VERSION = text("SELECT version_num FROM alembic_version")

_NO_TABLE = "42P01"  # PostgreSQL documentation, appendix A

_MISFITS = frozenset({_NO_TABLE, "42703", "42704", "42883", "23502"})
"""SQLSTATEs of no such table, column, object and function, and of a column nobody filled in."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What the database says of its tables.

    Attributes:
        state: "newer" is every revision that is not known here.
        found: The revision; None where no migration was applied.
    """

    state: Literal["current", "older", "newer", "missing"]
    found: str | None


class SchemaDoesNotFit(Exception):
    """The database lacks what this service needs; `python -m auth_service.migrate` adds it."""


class SchemaWatch:
    """Looks which tables there are, and says it in the log when that changes.

    Args:
        database: Asked by one statement at a time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: Schema | None = None

    async def look(self) -> Schema:
        """Return what the database has now.

        Raises:
            DatabaseUnavailable: It does not answer.
        """
        try:
            async with self._database.statements() as db:
                found = (await db.execute(_VERSION)).scalars().first()
        except ProgrammingError as error:
            if not misfits(error):
                raise
            found = None
        schema = Schema(_state(found), found)
        if schema != self._last and schema.state != "current":
            log.warning("schema_differs", state=schema.state, found=found, needed=NEEDED)
        self._last = schema
        return schema

    async def require(self) -> None:
        """Return if everything this service needs is there.

        Raises:
            DatabaseUnavailable: The database does not answer.
            SchemaDoesNotFit: It is older than this service, or not migrated at all.
        """
        if (await self.look()).state in {"older", "missing"}:
            raise SchemaDoesNotFit

    def told(self) -> dict[str, str | int | float | None]:
        """Return what `/ready` says of it, where there is something to say; else nothing."""
        if self._last is None or self._last.state == "current":
            return {}
        return {"state": self._last.state, "found": self._last.found, "needed": NEEDED}


def misfits(error: BaseException | None) -> bool:
    """Tell whether a statement failed as it does where tables are not what it expects."""
    cause = getattr(error, "orig", None) or error
    return getattr(cause, "sqlstate", None) in _MISFITS


def _state(found: str | None) -> Literal["current", "older", "newer", "missing"]:
    if found is None:
        return "missing"
    if found == NEEDED:
        return "current"
    return "older" if found in REVISIONS else "newer"
