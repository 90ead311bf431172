"""A user's sessions: listed and ended. Whose they are is part of every statement."""

from datetime import datetime

from sqlalchemy import delete, select

from auth_service.database.engine import Statements
from auth_service.database.profiles import Profile
from auth_service.database.tables import Session
from auth_service.sessions.lifecycle import COLUMNS, StoredSession

MOST_LISTED = 100
"""Sessions told at once, the newest; Better Auth's bound."""


async def active_sessions(db: Statements, user: Profile, now: datetime) -> list[StoredSession]:
    """Return a user's sessions that have not expired, oldest first; the newest MOST_LISTED."""
    rows = await db.execute(
        select(*COLUMNS)
        .where(Session.user_id == user.id, Session.expires_at > now)
        .order_by(Session.created_at.desc(), Session.id)
        .limit(MOST_LISTED)
    )
    return [StoredSession(user, *row) for row in rows][::-1]


async def revoke(db: Statements, user_id: str, token: str) -> None:
    """End a user's session; of a token unknown, or of somebody else's session, nothing ends."""
    await db.execute(delete(Session).where(Session.token == token, Session.user_id == user_id))


async def revoke_all(db: Statements, user_id: str, *, but: str | None = None) -> None:
    """End all sessions of a user.

    Args:
        db: Where.
        user_id: Whose.
        but: The token of a session that goes on.
    """
    kept = () if but is None else (Session.token != but,)
    await db.execute(delete(Session).where(Session.user_id == user_id, *kept))
