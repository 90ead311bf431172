"""Clearing away values that can be used no more."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from auth_service.database.engine import Statements
from auth_service.database.tables import ApiKey, Verification

EVERY = timedelta(minutes=1)
_AT_ONCE = 1000  # rows; the rest goes with the next sweep


class Sweep:
    """Deletes expired values, at most once in EVERY and process, as Better Auth does."""

    def __init__(self) -> None:
        self._due: datetime | None = None

    async def __call__(self, db: Statements, now: datetime) -> None:
        """Sweep if it is time."""
        if self._due is not None and now < self._due:
            return
        self._due = now + EVERY
        await self.sweep(db, now)

    async def sweep(self, db: Statements, now: datetime) -> None:
        """Delete values that have expired."""
        expired = (
            select(Verification.id)
            .where(Verification.expires_at < now)
            .limit(_AT_ONCE)
            # What another process sweeps, or a request is spending, is left to it.
            .with_for_update(skip_locked=True)
        )
        await db.execute(delete(Verification).where(Verification.id.in_(expired)))


class KeySweep(Sweep):
    """Does the same to API keys; these have a sweep of their own, for no index helps it."""

    async def sweep(self, db: Statements, now: datetime) -> None:
        """Delete keys that have expired."""
        expired = (
            select(ApiKey.id)
            .where(ApiKey.expires_at < now)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        await db.execute(delete(ApiKey).where(ApiKey.id.in_(expired)))
