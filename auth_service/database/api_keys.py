"""The use of an API key: looked up by its hash and counted, in one statement.

Other than a session's, this path writes: Better Auth counts every use in the key's row. Here all
limits are part of one UPDATE, so that of many uses at once no more get through than there are
left; PostgreSQL judges each by the row as the one before has left it.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.database.engine import Statements
from auth_service.database.profiles import PROFILE_COLUMNS, Profile, is_banned
from auth_service.database.tables import ApiKey, User
from auth_service.error_codes import Code
from auth_service.errors import KeyUsedUp, Refused, Unavailable

KEY_LENGTH = 64
"""Letters of a key after its prefix; what is shorter is no key."""


_HASHED: BindParameter[str] = bindparam("hashed")
_MOMENT = bindparam("moment", type_=DateTime(timezone=True))


def _over(
    since: ColumnElement[Any] | InstrumentedAttribute[Any],
    milliseconds: InstrumentedAttribute[int | None],
) -> ColumnElement[bool]:
    """Tell in SQL whether a window has passed."""
    return since + milliseconds * literal_column("interval '1 millisecond'") < _MOMENT


_COUNT = func.coalesce(ApiKey.request_count, 0)
_LIMITED = and_(
    ApiKey.rate_limit_enabled.is_not(False),
    ApiKey.rate_limit_time_window.is_not(None),
    ApiKey.rate_limit_max.is_not(None),
)
_NEW_WINDOW = or_(
    ApiKey.last_request.is_(None),
    _over(ApiKey.last_request, ApiKey.rate_limit_time_window),
)
# Where amount or interval is zero or missing, nothing is ever refilled.
_REFILLED = and_(
    ApiKey.remaining.is_not(None),
    func.coalesce(ApiKey.refill_amount, 0) != 0,
    func.coalesce(ApiKey.refill_interval, 0) != 0,
    _over(func.coalesce(ApiKey.last_refill_at, ApiKey.created_at), ApiKey.refill_interval),
)
_USE = (
    update(ApiKey)
    .where(
        ApiKey.key == _HASHED,
        ApiKey.reference_id == User.id,
        not_(is_banned(_MOMENT)),
        ApiKey.enabled.is_not(False),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at >= _MOMENT),
        or_(ApiKey.remaining.is_(None), ApiKey.remaining > 0, _REFILLED),
        or_(not_(_LIMITED), _NEW_WINDOW, ApiKey.rate_limit_max > _COUNT),
    )
    .values(
        remaining=case((_REFILLED, ApiKey.refill_amount - 1), else_=ApiKey.remaining - 1),
        last_refill_at=case((_REFILLED, _MOMENT), else_=ApiKey.last_refill_at),
        request_count=case(
            (not_(_LIMITED), ApiKey.request_count), (_NEW_WINDOW, 1), else_=_COUNT + 1
        ),
        last_request=case(
            (or_(_LIMITED, ApiKey.rate_limit_enabled.is_(False)), _MOMENT),
            else_=ApiKey.last_request,
        ),
        updated_at=_MOMENT,
    )
    .returning(
        ApiKey.id,
        ApiKey.expires_at,
        ApiKey.permissions,
        or_(ApiKey.remaining.is_not(None), _LIMITED),
        *PROFILE_COLUMNS,
    )
)
_READ = (
    select(
        ApiKey.id,
        ApiKey.enabled,
        ApiKey.expires_at.label("expires_at"),
        ApiKey.remaining,
        ApiKey.refill_amount.label("refill_amount"),
        ApiKey.refill_interval.label("refill_interval"),
        func.coalesce(ApiKey.last_refill_at, ApiKey.created_at).label("refilled_at"),
        and_(_LIMITED, ApiKey.rate_limit_max <= _COUNT).label("is_full"),
        ApiKey.last_request.label("last_request"),
        ApiKey.rate_limit_time_window.label("rate_limit_time_window"),
        User.id.label("user_id"),
        is_banned(_MOMENT).label("is_banned"),
    )
    .outerjoin(User, User.id == ApiKey.reference_id)
    .where(ApiKey.key == _HASHED)
)


@dataclass(frozen=True, slots=True)
class UsedKey:
    """A key whose use was counted, and whose it is.

    Attributes:
        user: Who made it.
        id: The key's; the session it acts as has the same.
        key: As it was presented.
        expires_at: When it ends; None: never.
        permissions: JSON, as it is stored; None: no list was given.
        counted: Uses are limited, so each must be counted here.
    """

    user: Profile
    id: str
    key: str
    expires_at: datetime | None
    permissions: str | None
    counted: bool


def key_hash(key: str) -> str:
    """Return what is stored of a key: base64url of its SHA-256, without padding."""
    return urlsafe_b64encode(sha256(key.encode()).digest()).rstrip(b"=").decode()


async def use_key(db: Statements, key: str, now: datetime) -> UsedKey | Refused:
    """Count a use of a key and return whose it is: one UPDATE.

    What is refused costs nothing of the key. One that has expired, or that is used up and never
    refilled, is deleted, as Better Auth does.

    Args:
        db: Where; each statement may be on its own.
        key: As presented.
        now: The time of the request.

    Returns:
        The key, or the refusal: INVALID_API_KEY, KEY_DISABLED, KEY_EXPIRED, USAGE_EXCEEDED,
        RATE_LIMITED, INVALID_REFERENCE_ID_FROM_API_KEY or BANNED_USER. It is not raised, for in a
        transaction that would take the deletion back.
    """
    if len(key) < KEY_LENGTH:
        return Refused(Code.INVALID_API_KEY, status=403)
    hashed = key_hash(key)
    used = (await db.execute(_USE, {"hashed": hashed, "moment": now})).first()
    if used is None:
        return await _refusal(db, hashed, now)
    key_id, expires_at, permissions, counted, *profile = used
    return UsedKey(Profile(*profile), key_id, key, expires_at, permissions, counted)


async def _refusal(db: Statements, hashed: str, now: datetime) -> Refused:
    """Say why a use was not counted, in Better Auth's order, and delete what has ended."""
    key = (await db.execute(_READ, {"hashed": hashed, "moment": now})).first()
    if key is None:
        return Refused(Code.INVALID_API_KEY)
    if key.enabled is False:
        return Refused(Code.KEY_DISABLED)
    if key.expires_at is not None and key.expires_at < now:
        await db.execute(delete(ApiKey).where(ApiKey.id == key.id, ApiKey.expires_at < now))
        return Refused(Code.KEY_EXPIRED)
    if key.remaining == 0 and key.refill_amount is None:
        used_up = (ApiKey.remaining == 0, ApiKey.refill_amount.is_(None))
        await db.execute(delete(ApiKey).where(ApiKey.id == key.id, *used_up))
        return KeyUsedUp(Code.USAGE_EXCEEDED)
    return _unusable(key, now)


def _unusable(key: Any, now: datetime) -> Refused:  # noqa: ANN401 -- a row of _READ
    if key.remaining is not None and key.remaining <= 0:
        refilled = key.refill_amount and key.refill_interval
        wait = _left(key.refilled_at, key.refill_interval, now) if refilled else None
        return KeyUsedUp(Code.USAGE_EXCEEDED, wait)
    if key.is_full:
        wait = _left(key.last_request, key.rate_limit_time_window, now)
        return KeyUsedUp(Code.RATE_LIMITED, wait)
    if key.user_id is None:
        return Refused(Code.INVALID_REFERENCE_ID_FROM_API_KEY)
    if key.is_banned:
        return Refused(Code.BANNED_USER)
    return Unavailable()  # it was changed between the two statements; the next try is counted anew


def _left(since: datetime, milliseconds: int, now: datetime) -> timedelta:
    """Return how long a window has still to go: whole milliseconds, one at least."""
    left = since + timedelta(milliseconds=milliseconds) - now
    return timedelta(milliseconds=max(1, ceil(left / timedelta(milliseconds=1))))
