"""Events, read: a page at a time, newest first, or all of them in the order they happened."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from auth_service.database.engine import Statements
from auth_service.database.tables import AuditEvent

MOST = 1000
"""Events read at once."""

_COLUMNS = (
    AuditEvent.id,
    AuditEvent.event,
    AuditEvent.created_at,
    AuditEvent.actor_id,
    AuditEvent.user_id,
    AuditEvent.ip_address,
    AuditEvent.request_id,
    AuditEvent.trace_id,
    AuditEvent.detail,
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is stored; the order is that of the columns."""

    id: int
    event: str
    created_at: datetime
    actor_id: str | None
    user_id: str | None
    ip_address: str
    request_id: str
    trace_id: str
    detail: Mapping[str, str | int] | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events; None: whichever.

    Attributes:
        user: Who did it, or on whom it was done.
        event: Of this kind.
        since: From this moment on.
        until: Before this moment.
    """

    user: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return them as the database wants them."""
        asked: list[ColumnElement[bool]] = []
        if self.user is not None:
            asked.append(or_(AuditEvent.actor_id == self.user, AuditEvent.user_id == self.user))
        if self.event is not None:
            asked.append(AuditEvent.event == self.event)
        if self.since is not None:
            asked.append(AuditEvent.created_at >= self.since)
        if self.until is not None:
            asked.append(AuditEvent.created_at < self.until)
        return asked


async def page(
    db: Statements, filters: Filters, *, before: int | None, limit: int
) -> list[StoredEvent]:
    """Return events, newest first.

    Args:
        db: Where.
        filters: Which.
        before: The id of the last event of the page before; None: from the newest on.
        limit: How many at most, up to MOST.
    """
    older = () if before is None else (AuditEvent.id < before,)
    rows = await db.execute(
        select(*_COLUMNS)
        .where(*filters.conditions(), *older)
        .order_by(AuditEvent.id.desc())
        .limit(min(limit, MOST))
    )
    return [StoredEvent(*row) for row in rows]


async def every_event(db: Statements, filters: Filters) -> AsyncIterator[StoredEvent]:
    """Yield all events in the order they were written, MOST of them in memory at a time."""
    last = 0
    while True:
        rows = await db.execute(
            select(*_COLUMNS)
            .where(*filters.conditions(), AuditEvent.id > last)
            .order_by(AuditEvent.id)
            .limit(MOST)
        )
        found = [StoredEvent(*row) for row in rows]
        for event in found:
            yield event
        if len(found) < MOST:
            return
        last = found[-1].id
