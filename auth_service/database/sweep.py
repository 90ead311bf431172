"""Clearing away values that can be used no more."""

from datetime import datetime, timedelta

from sqlalchemy import Integer, bindparam, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.database.engine import Statements
from auth_service.database.tables import ApiKey, AuditEvent, RefreshToken, Session, Verification

EVERY = timedelta(minutes=1)
_AT_ONCE = 1000  # rows; the rest goes with the next sweep
_EVENTS_AT_ONCE = 10_000  # a flood of wrong passwords, of many networks, writes that many a minute

# The one way in which events go; the database refuses any other.
_PRUNE = select(
    func.prune_audit_events(
        bindparam("before", type_=AuditEvent.created_at.type),
        bindparam("at_most", _EVENTS_AT_ONCE, type_=Integer()),
    )
)

_Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]

# What a row is named by, and the moment from which it counts no more.
_SWEPT: tuple[tuple[InstrumentedAttribute[str], _Moment], ...] = (
    (Verification.id, Verification.expires_at),
    (RefreshToken.family_hash, RefreshToken.expires_at),
)

# What no index helps to find is left to KeySweep and to `sweep_all`. A session that has expired is
# nobody's way in, and Better Auth deletes it when its reader comes back.
_ALL = (*_SWEPT, (Session.id, Session.expires_at), (ApiKey.id, ApiKey.expires_at))


class Sweep:
    """Deletes expired values and old events, at most once in EVERY and process.

    Args:
        audit_days: How long events are kept; 0: for ever.
    """

    def __init__(self, *, audit_days: int = 0) -> None:
        self._audit_days = audit_days
        self._due: datetime | None = None

    async def __call__(self, db: Statements, now: datetime) -> None:
        """Sweep if it is time."""
        if self._due is not None and now < self._due:
            return
        self._due = now + EVERY
        await self.sweep(db, now)

    async def sweep(self, db: Statements, now: datetime) -> None:
        """Delete values that have expired, and events that are old."""
        for name, expires_at in _SWEPT:
            await _delete_expired(db, name, expires_at, now)
        if self._audit_days:
            await db.execute(_PRUNE, {"before": now - timedelta(days=self._audit_days)})


class KeySweep(Sweep):
    """Does the same to API keys; these have a sweep of their own, for no index helps it."""

    async def sweep(self, db: Statements, now: datetime) -> None:
        """Delete keys that have expired."""
        await _delete_expired(db, ApiKey.id, ApiKey.expires_at, now)


async def sweep_all(db: Statements, now: datetime, *, audit_days: int) -> dict[str, int]:
    """Delete all that has expired, ended sessions and API keys too, a transaction for each lot.

    Args:
        db: In the manner of autocommit.
        now: The time.
        audit_days: How long events are kept; 0: for ever.

    Returns:
        How many rows of each table went.
    """
    gone = dict.fromkeys((name.class_.__tablename__ for name, _ in _ALL), 0)
    for name, expires_at in _ALL:
        while lot := await _delete_expired(db, name, expires_at, now):
            gone[name.class_.__tablename__] += lot
    gone[AuditEvent.__tablename__] = 0
    before = now - timedelta(days=audit_days)
    while audit_days and (events := await db.scalar(_PRUNE, {"before": before})):
        gone[AuditEvent.__tablename__] += events
    return gone


async def _delete_expired(
    db: Statements, name: InstrumentedAttribute[str], expires_at: _Moment, now: datetime
) -> int:
    """Delete a lot of expired rows, and return how many they were."""
    expired = (
        select(name)
        .where(expires_at < now)
        .limit(_AT_ONCE)
        # What another process sweeps, or a request is spending, is left to it.
        .with_for_update(skip_locked=True)
    )
    gone = await db.execute(delete(name.class_).where(name.in_(expired)).returning(name))
    return len(gone.all())
