"""A session's life: started, found, renewed, ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import (
    Select,
    bindparam,
    delete,
    insert,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.audit.events import Actor, Detail, Event, EventKind, record, recording
from auth_service.database.engine import Statements
from auth_service.database.profiles import PROFILE_COLUMNS, Profile, is_banned
from auth_service.database.reader import Reader
from auth_service.database.tables import AuditEvent, Session, User
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.identifiers import new_identifier
from auth_service.metrics import SIGN_INS, SIGN_UPS

REMEMBERED = timedelta(days=7)
"""A session's length, and how long its cookie is kept."""

FRESH = timedelta(days=1)
"""How long after its start a session may do what asks for a recent sign-in."""

UNREMEMBERED = timedelta(days=1)
"""A session's length where its cookie goes with the browser window."""

RENEWED_AFTER = timedelta(days=1)
"""A remembered session is extended when it was last extended so long ago."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it is stored, with its user; after the user the order is that of COLUMNS."""

    user: Profile
    id: str
    token: str
    user_id: str
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    ip_address: str | None
    user_agent: str | None


COLUMNS: tuple[InstrumentedAttribute[Any], ...] = (
    Session.id,
    Session.token,
    Session.user_id,
    Session.expires_at,
    Session.created_at,
    Session.updated_at,
    Session.ip_address,
    Session.user_agent,
)
_FIND = (
    select(*COLUMNS, *PROFILE_COLUMNS)
    .join(User, User.id == Session.user_id)
    .where(Session.token == bindparam("presented"))
)
_FIND_SQL = str(_FIND.compile(dialect=asyncpg.dialect()))  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
_RENEW = (
    update(Session)
    .where(Session.token == bindparam("presented"))
    .values(expires_at=bindparam("extended"), updated_at=bindparam("moment"))
    .returning(Session.id)
)
_END = delete(Session).where(Session.token == bindparam("presented"))


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session just started; the one moment its token is handed out."""

    id: str
    token: str
    remembered: bool
    user_id: str
    started_at: datetime
    expires_at: datetime
    ip_address: str
    user_agent: str

    def of(self, user: Profile) -> StoredSession:
        """Return the session as it is found again, with its user."""
        return StoredSession(
            user=user,
            id=self.id,
            token=self.token,
            user_id=self.user_id,
            expires_at=self.expires_at,
            created_at=self.started_at,
            updated_at=self.started_at,
            ip_address=self.ip_address,
            user_agent=self.user_agent,
        )


async def start_session(  # noqa: PLR0913 -- a session's row is its arguments
    db: Statements,
    user_id: str,
    *,
    remembered: bool,
    ip_address: str,
    user_agent: str,
    now: datetime,
    event: EventKind = EventKind.SIGNED_IN,
    detail: Detail | None = None,
) -> StartedSession:
    """Insert a session and the event of it, and return the session: one statement.

    Every way of signing in ends here, so here is asked whether the user is banned. A ban that has
    expired is taken off.

    Raises:
        Refused: BANNED_USER; or UNAUTHORIZED, the user was deleted meanwhile.
    """
    started = StartedSession(
        id=new_identifier(),
        token=new_identifier(),
        remembered=remembered,
        user_id=user_id,
        started_at=now,
        expires_at=now + (REMEMBERED if remembered else UNREMEMBERED),
        ip_address=ip_address,
        user_agent=user_agent,
    )
    by = Actor(user_id, ip_address, now)
    found = (await db.execute(_starting(started, by, event, detail))).one_or_none()
    if found is None:
        await _refuse(db, by)
    elif found.banned:
        await db.execute(_LIFT, {"owner": user_id, "moment": now})
    if event is EventKind.SIGNED_UP:
        SIGN_UPS.add()
    else:
        SIGN_INS.add("ok")
    return started


_LIFT = (
    update(User)
    .where(User.id == bindparam("owner"), User.ban_expires < bindparam("moment"))
    .values(banned=False, ban_reason=None, ban_expires=None)
)


def _starting(
    started: StartedSession, by: Actor, event: EventKind, detail: Detail | None
) -> Select[Any]:
    """Return the statement that inserts a session unless its user is banned.

    The user's row is locked against whoever bans them just now: either this waits and sees the ban,
    or the ban waits and ends this session with the others.
    """
    owner = (
        select(User.id, User.banned)
        .where(
            User.id == started.user_id,
            not_(is_banned(started.started_at)),
        )
        .with_for_update(key_share=True)
        .cte("owner")
    )
    row = {
        Session.id: started.id,
        Session.token: started.token,
        Session.expires_at: started.expires_at,
        Session.created_at: started.started_at,
        Session.updated_at: started.started_at,
        Session.ip_address: started.ip_address,
        Session.user_agent: started.user_agent,
    }
    values = (literal(value, column.type) for column, value in row.items())
    session = (
        insert(Session)
        .from_select([*row, Session.user_id], select(*values, owner.c.id))
        .returning(Session.user_id)
        .cte("started")
    )
    told = recording(session, event, by, user_id=session.c.user_id, detail=detail)
    return select(owner.c.banned).add_cte(told.returning(AuditEvent.id).cte("told"))


async def _refuse(db: Statements, by: Actor) -> NoReturn:
    there = (await db.execute(select(User.id).where(User.id == by.id))).one_or_none()
    if there is None:
        raise Refused(Code.UNAUTHORIZED)
    SIGN_INS.add("banned")
    await record(db, Event(EventKind.SIGN_IN_FAILED, by, by.id, {"reason": "banned"}))
    raise Refused(Code.BANNED_USER)


async def find_session(reader: Reader, token: str) -> StoredSession | None:
    """Return the session of a token with its user, expired or not: one joined SELECT.

    Raises:
        DatabaseUnavailable: The database does not answer.
    """
    row = await reader.row(_FIND_SQL, token)
    if row is None:
        return None
    own = len(COLUMNS)
    return StoredSession(Profile(*row[own:]), *row[:own])


def needs_renewal(session: StoredSession, now: datetime) -> bool:
    """Tell whether a remembered session was last extended at least RENEWED_AFTER ago."""
    return session.expires_at - REMEMBERED + RENEWED_AFTER <= now


async def renew_session(db: Statements, token: str, now: datetime) -> datetime | None:
    """Extend a session and return when it now expires; None if it has ended meanwhile."""
    extended = now + REMEMBERED
    renewed = await db.execute(_RENEW, {"presented": token, "extended": extended, "moment": now})
    return None if renewed.one_or_none() is None else extended


async def end_session(db: Statements, token: str) -> None:
    """Delete a session; one that is not there is as good as deleted."""
    await db.execute(_END, {"presented": token})


async def sign_out(db: Statements, token: str, ip_address: str, now: datetime) -> None:
    """Delete a session as its holder wishes, and write the event: one statement."""
    ended = delete(Session).where(Session.token == token).returning(Session.user_id).cte("ended")
    owner = ended.c.user_id
    by = Actor(None, ip_address, now)
    await db.execute(recording(ended, EventKind.SIGNED_OUT, by, user_id=owner, actor_id=owner))
