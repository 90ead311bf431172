"""Clearing away values that can be used no more."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.database.engine import Statements
from auth_service.database.tables import RefreshToken, Verification

EVERY = timedelta(minutes=1)
_AT_ONCE = 1000  # rows; the rest goes with the next sweep

# What a row is named by, and the moment from which it counts no more.
_SWEPT: tuple[tuple[InstrumentedAttribute[str], InstrumentedAttribute[datetime]], ...] = (
    (Verification.id, Verification.expires_at),
    (RefreshToken.family_hash, RefreshToken.expires_at),
)


class Sweep:
    """Deletes expired values, at most once in EVERY and process, as Better Auth does."""

    def __init__(self) -> None:
        self._due: datetime | None = None

    async def __call__(self, db: Statements, now: datetime) -> None:
        """Sweep if it is time."""
        if self._due is not None and now < self._due:
            return
        self._due = now + EVERY
        for name, expires_at in _SWEPT:
            expired = (
                select(name)
                .where(expires_at < now)
                .limit(_AT_ONCE)
                # What another process sweeps, or a request is spending, is left to it.
                .with_for_update(skip_locked=True)
            )
            await db.execute(delete(name.class_).where(name.in_(expired)))
