"""Families of refresh tokens: begun for a session, a few at a time, and ended with it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from auth_service.database.engine import Statements
from auth_service.database.tables import RefreshToken, Session
from auth_service.sessions.lifecycle import StoredSession
from auth_service.sessions.refresh_token_form import halves_of, new_family, new_nonce
from auth_service.settings import Settings

FAMILIES = 10
"""Most families of a session, the newest; one is usual, several are those of several tabs."""


@dataclass(frozen=True, slots=True)
class RefreshLife:
    """How long refresh tokens live.

    Attributes:
        whole: From the grant, however often they are used.
        idle: Without being used.
    """

    whole: timedelta
    idle: timedelta

    @classmethod
    def of(cls, settings: Settings) -> "RefreshLife":
        """Return what the settings ask for."""
        return cls(whole=settings.refresh_token_expires_in, idle=settings.refresh_token_idle)


@dataclass(frozen=True, slots=True)
class RefreshTokenGiven:
    """A refresh token, as its client is given it; nothing else knows it.

    Attributes:
        token: What the client sends back.
        expires_at: When it ends unless it is used.
    """

    token: str = field(repr=False)
    expires_at: datetime


async def start_family(
    db: Statements, session: StoredSession, *, remembered: bool, life: RefreshLife, now: datetime
) -> RefreshTokenGiven | None:
    """Store the first token of a family and return it; None if the session has ended meanwhile.

    Args:
        db: Where.
        session: What it is drawn for, and ends with.
        remembered: The session may be extended; if not, neither may the tokens outlive it.
        life: How long they live.
        now: The time of the request.
    """
    ends_at = now + life.whole if remembered else session.expires_at
    expires_at = min(now + life.idle, ends_at, session.expires_at)
    nonce = new_nonce()
    halves = halves_of(new_family(), nonce)
    family_hash, token_hash = halves.hashes
    values = {
        RefreshToken.family_hash: literal(family_hash),
        RefreshToken.token_hash: literal(token_hash),
        RefreshToken.nonce: literal(nonce),
        RefreshToken.used_lately: literal([], type_=JSONB),
        RefreshToken.created_at: literal(now),
        RefreshToken.ends_at: literal(ends_at),
        RefreshToken.expires_at: literal(expires_at),
        RefreshToken.session_id: Session.id,
    }
    # Held against a sign-out at the same moment, which the foreign key would answer by an error.
    living = (
        select(*values.values())
        .where(Session.id == session.id)
        .with_for_update(read=True, key_share=True)
    )
    stored = await db.execute(
        insert(RefreshToken)
        .from_select([column.key for column in values], living)
        .returning(RefreshToken.family_hash)
    )
    if stored.one_or_none() is None:
        return None
    return RefreshTokenGiven(halves.token, expires_at)


async def end_older_families(db: Statements, session_id: str) -> None:
    """End all but the newest FAMILIES of a session, or one that asks on and on would fill a disk.

    A statement of its own: together with an insertion it could wait for a sign-out that waits
    for it.
    """
    older = (
        select(RefreshToken.family_hash)
        .where(RefreshToken.session_id == session_id)
        .order_by(RefreshToken.created_at.desc(), RefreshToken.family_hash)
        .offset(FAMILIES)
    )
    await db.execute(delete(RefreshToken).where(RefreshToken.family_hash.in_(older)))
