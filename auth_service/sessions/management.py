"""A user's sessions: listed and ended. Whose they are is part of every statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select

from auth_service.audit.events import Actor, EventKind, recording
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
        # What an admin of a Node server does in a user's name is not that user's to see.
        .where(Session.impersonated_by.is_(None))
        .order_by(Session.created_at.desc(), Session.id)
        .limit(MOST_LISTED)
    )
    return [StoredSession(user, *row) for row in rows][::-1]


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as admins see it: without its token."""

    id: str
    user_id: str
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    ip_address: str | None
    user_agent: str | None
    impersonated_by: str | None


async def stored_sessions(db: Statements, user_id: str, now: datetime) -> list[ListedSession]:
    """Return a user's sessions that have not expired, the newest MOST_LISTED, oldest first."""
    rows = await db.execute(
        select(
            Session.id,
            Session.user_id,
            Session.expires_at,
            Session.created_at,
            Session.updated_at,
            Session.ip_address,
            Session.user_agent,
            Session.impersonated_by,
        )
        .where(Session.user_id == user_id, Session.expires_at > now)
        .order_by(Session.created_at.desc(), Session.id)
        .limit(MOST_LISTED)
    )
    return [ListedSession(*row) for row in rows][::-1]


async def revoke(db: Statements, user_id: str, token: str, by: Actor) -> None:
    """End a user's session; of a token unknown, or of somebody else's session, nothing ends."""
    await _end(db, (Session.token == token, Session.user_id == user_id), by)


async def revoke_all(db: Statements, user_id: str, by: Actor, *, but: str | None = None) -> None:
    """End all sessions of a user.

    Args:
        db: Where.
        user_id: Whose.
        by: Who ends them.
        but: The token of a session that goes on.
    """
    kept = () if but is None else (Session.token != but,)
    await _end(db, (Session.user_id == user_id, *kept), by)


async def _end(db: Statements, which: Sequence[ColumnElement[bool]], by: Actor) -> None:
    """End sessions and write one event of it: one statement."""
    ended = delete(Session).where(*which).returning(Session.user_id).cte("ended")
    owner = ended.c.user_id
    await db.execute(recording(ended, EventKind.SESSIONS_REVOKED, by, user_id=owner))
