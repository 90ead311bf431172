"""Refresh tokens: they draw new access tokens for a session, each of them once.

Rotation and what follows from reuse are those of RFC 9700, section 4.14.2. One row is enough for a
family of any length; `refresh_token_form` says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Executable,
    bindparam,
    delete,
    func,
    literal_column,
    not_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from auth_service.audit.events import Actor, EventKind, recording
from auth_service.database.engine import Database, Statements
from auth_service.database.profiles import PROFILE_COLUMNS, Profile, is_banned
from auth_service.database.tables import RefreshToken, Session, User
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.sessions.lifecycle import COLUMNS, StoredSession, renew_session
from auth_service.sessions.refresh_families import RefreshLife, RefreshTokenGiven
from auth_service.sessions.refresh_token_form import (
    Halves,
    halves_of,
    new_nonce,
    read_halves,
)

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=10)
"""How long a used token is answered once more, for a client whose answer was lost on the way."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What the use of a refresh token has come to.

    Attributes:
        session: Its session with the user, as the database has them now.
        given: The token that takes its place.
        renewed: The session was extended by it.
    """

    session: StoredSession
    given: RefreshTokenGiven
    renewed: bool


# What a family's row says of tokens used lately: [{"hash": …, "at": milliseconds}].
_STILL_USED_LATELY: ColumnElement[Any] = func.jsonb_path_query_array(
    RefreshToken.used_lately,
    literal_column("'$[*] ? (@.at > $since)'"),
    bindparam("vars", type_=JSONB),
    type_=JSONB,
)
# Of several uses at once PostgreSQL lets one change the row; the others wait for it, look at the
# row again and find another hash.
_NOT_BANNED = not_(is_banned(bindparam("moment", type_=DateTime(timezone=True))))
_ROTATE = (
    update(RefreshToken)
    .where(
        RefreshToken.family_hash == bindparam("family"),
        RefreshToken.token_hash == bindparam("shown"),
        RefreshToken.expires_at > bindparam("moment"),
        Session.id == RefreshToken.session_id,
        Session.expires_at > bindparam("moment"),
        User.id == Session.user_id,
        # A ban ends all sessions, but another server's may have been started since.
        _NOT_BANNED,
    )
    .values(
        token_hash=bindparam("newest"),
        nonce=bindparam("newest_nonce"),
        used_lately=_STILL_USED_LATELY.concat(bindparam("used_now", type_=JSONB)),
        expires_at=func.least(bindparam("idle_end"), RefreshToken.ends_at),
    )
    .returning(RefreshToken.expires_at, *COLUMNS, *PROFILE_COLUMNS)
)
_FIND = (
    select(
        RefreshToken.token_hash,
        RefreshToken.nonce,
        RefreshToken.used_lately,
        RefreshToken.expires_at,
        _NOT_BANNED,
        *COLUMNS,
        *PROFILE_COLUMNS,
    )
    .join(Session, Session.id == RefreshToken.session_id)
    .join(User, User.id == Session.user_id)
    .where(RefreshToken.family_hash == bindparam("family"))
)


async def use_refresh_token(
    database: Database, token: str, *, life: RefreshLife, ip_address: str, now: datetime
) -> Refreshed:
    """Spend a refresh token and return the next; its use is a use of its session, and extends it.

    Within GRACE of its use a token is answered by the newest of the family, which is the one that
    took its place unless that was used as well. Afterwards somebody has a token who should not:
    the session ends, and with it the family and the access tokens that were drawn by either side.

    Each statement is on its own, so none holds a row while it waits for another.

    Args:
        database: Asked three times at most.
        token: As it came.
        life: How long its successor lives.
        ip_address: Where the request comes from.
        now: The time of the request.

    Raises:
        Refused: TOKEN_EXPIRED; INVALID_TOKEN for whatever else is wrong, a session that has ended
            and a user who was deleted
            or banned included.
    """
    shown = read_halves(token)
    if shown is None:
        raise Refused(Code.INVALID_TOKEN)
    nonce = new_nonce()
    newest = halves_of(shown.family, nonce)
    row = await _first(database, _ROTATE, _rotation(shown, newest, nonce, life, now))
    if row is None:
        return await _once_more(database, shown, ip_address, now)
    expires_at, *rest = row
    session = _session(rest)
    given = RefreshTokenGiven(newest.token, expires_at)
    if session.expires_at >= expires_at:
        return Refreshed(session, given, renewed=False)
    async with database.autocommit.begin() as db:
        extended = await renew_session(db, session.token, now)
    if extended is None:
        raise Refused(Code.INVALID_TOKEN)
    session = replace(session, expires_at=extended, updated_at=now)
    return Refreshed(session, given, renewed=True)


async def _once_more(
    database: Database, shown: Halves, ip_address: str, now: datetime
) -> Refreshed:
    """Answer a token that is not the newest of its family, or has expired.

    Raises:
        Refused: As above.
    """
    family_hash, shown_hash = shown.hashes
    row = await _first(database, _FIND, {"family": family_hash, "moment": now})
    if row is None:
        raise Refused(Code.INVALID_TOKEN)
    newest_hash, nonce, used_lately, expires_at, may_enter, *rest = row
    session = _session(rest)
    if not may_enter:
        raise Refused(Code.INVALID_TOKEN)
    if shown_hash == newest_hash or min(expires_at, session.expires_at) <= now:
        raise Refused(Code.TOKEN_EXPIRED)
    since = _milliseconds(now - GRACE)
    if any(each["hash"] == shown_hash and each["at"] > since for each in used_lately):
        given = RefreshTokenGiven(halves_of(shown.family, nonce).token, expires_at)
        return Refreshed(session, given, renewed=False)
    async with database.autocommit.begin() as db:
        await _end_reused(db, session.id, Actor(None, ip_address, now))
    log.warning("refresh_token_reused", user_id=session.user_id, session_id=session.id)
    raise Refused(Code.INVALID_TOKEN)


async def _end_reused(db: Statements, session_id: str, by: Actor) -> None:
    """End a session whose refresh token has come twice, and write the event: one statement."""
    which = Session.id == session_id
    ended = delete(Session).where(which).returning(Session.user_id).cte("ended")
    owner = ended.c.user_id
    await db.execute(recording(ended, EventKind.REFRESH_TOKEN_REUSED, by, user_id=owner))


async def _first(
    database: Database, statement: Executable, values: Mapping[str, object]
) -> tuple[Any, ...] | None:
    async with database.autocommit.begin() as db:
        row = (await db.execute(statement, values)).one_or_none()
    return None if row is None else tuple(row)


def _rotation(
    shown: Halves, newest: Halves, nonce: str, life: RefreshLife, now: datetime
) -> Mapping[str, object]:
    family_hash, shown_hash = shown.hashes
    return {
        "family": family_hash,
        "shown": shown_hash,
        "newest": newest.hashes[1],
        "newest_nonce": nonce,
        "vars": {"since": _milliseconds(now - GRACE)},
        "used_now": [{"hash": shown_hash, "at": _milliseconds(now)}],
        "idle_end": now + life.idle,
        "moment": now,
    }


def _session(row: Sequence[Any]) -> StoredSession:
    own = len(COLUMNS)
    return StoredSession(Profile(*row[own:]), *row[:own])


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
