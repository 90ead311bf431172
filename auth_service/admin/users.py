"""Users, as admins find and change them: Better Auth's admin plugin, on the server alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sqlalchemy import ColumnElement, delete, false, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.audit.events import Actor, Detail, Event, EventKind, record
from auth_service.database.engine import Statements
from auth_service.database.profiles import USER
from auth_service.database.tables import Session, User
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.revocations.recording import SETTLED, revoke_user
from auth_service.users.deletion import delete_user

ROLES = (USER, "instructor", "admin")
ADMIN = "admin"

MOST = 1000
"""Users listed at once."""

_DEFAULT_LIMIT = 100  # Better Auth's
_NO_REASON = "No reason"

# By the names of the wire. What a row leaves open is told, sought and sorted as what it means.
_FIELDS: Mapping[str, ColumnElement[Any]] = {
    "name": User.name.expression,
    "email": User.email.expression,
    "emailVerified": User.email_verified.expression,
    "image": User.image.expression,
    "createdAt": User.created_at.expression,
    "updatedAt": User.updated_at.expression,
    "softwareBackground": User.software_background.expression,
    "hardwareBackground": User.hardware_background.expression,
    "interestArea": User.interest_area.expression,
    "role": func.coalesce(User.role, USER),
    "banned": func.coalesce(User.banned, false()),
    "banReason": User.ban_reason.expression,
    "banExpires": User.ban_expires.expression,
    "id": User.id.expression,
}
_BOOLEANS = {"emailVerified", "banned"}
_MOMENTS = {"createdAt", "updatedAt", "banExpires"}

Condition = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]
_COMPARING: Mapping[str, Condition] = {
    "eq": eq,
    "ne": ne,
    "lt": lt,
    "lte": le,
    "gt": gt,
    "gte": ge,
}
_AMONG: Mapping[str, Condition] = {
    "in": lambda column, values: column.in_(values),
    "not_in": lambda column, values: column.not_in(values),
}
# `%` and `_` stand for themselves.
_MATCHING: Mapping[str, Condition] = {
    "contains": lambda column, text: column.contains(text, autoescape=True),
    "starts_with": lambda column, text: column.startswith(text, autoescape=True),
    "ends_with": lambda column, text: column.endswith(text, autoescape=True),
}
OPERATORS = (*_COMPARING, *_AMONG, *_MATCHING)


class NoSuchField(Exception):
    """A list was asked for by a field, or a value of one, that there is not."""


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user as admins see them; the order is that of the fields above."""

    name: str
    email: str
    email_verified: bool
    image: str | None
    created_at: datetime
    updated_at: datetime
    software_background: str | None
    hardware_background: str | None
    interest_area: str | None
    role: str
    banned: bool
    ban_reason: str | None
    ban_expires: datetime | None
    id: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition of a list: field, operator and value in the words of the wire."""

    field: str
    operator: str
    value: str | Sequence[str]

    def condition(self) -> ColumnElement[bool]:
        """Return it as the database wants it.

        Raises:
            NoSuchField: The field is none, or the value none of its.
        """
        column = _field(self.field)
        if self.operator in _AMONG:
            if isinstance(self.value, str):
                raise NoSuchField
            return _AMONG[self.operator](column, [self._typed(value) for value in self.value])
        if not isinstance(self.value, str):
            raise NoSuchField
        if self.operator in _MATCHING:
            if self.field in _BOOLEANS | _MOMENTS:
                raise NoSuchField
            return _MATCHING[self.operator](column, self.value)
        return _COMPARING[self.operator](column, self._typed(self.value))

    def _typed(self, value: str) -> str | bool | datetime:
        if self.field in _BOOLEANS:
            return value == "true"
        if self.field in _MOMENTS:
            return _moment(value)
        return value


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list, in which order; None: not said."""

    limit: int | None = None
    offset: int | None = None
    sort_by: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Ban:
    """How long somebody is banned, and why; without a span, for ever."""

    reason: str | None
    span: timedelta | None


async def list_users(
    db: Statements, clauses: Sequence[Clause], page: Page
) -> tuple[list[ListedUser], int]:
    """Return a page of users, and how many there are on all pages.

    Raises:
        NoSuchField: There is no such field, or no such value of one.
    """
    conditions = [clause.condition() for clause in clauses]
    order = _field(page.sort_by) if page.sort_by else User.created_at.expression
    rows = await db.execute(
        select(*_FIELDS.values())
        .where(*conditions)
        # The id makes pages of equal values meet without gap or overlap.
        .order_by(order.desc() if page.descending and page.sort_by else order, User.id)
        .limit(min(page.limit or _DEFAULT_LIMIT, MOST))
        .offset(page.offset or 0)
    )
    found = [ListedUser(*row) for row in rows]
    total = await db.scalar(select(func.count()).select_from(User).where(*conditions))
    return found, total or 0


async def set_role(db: AsyncSession, user_id: str, roles: Sequence[str], by: Actor) -> ListedUser:
    """Give a user roles in place of those they had.

    Raises:
        Refused: There is no such role, or no such user.
    """
    if not set(roles) <= set(ROLES):
        raise Refused(Code.YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE)
    held = select(User.role).where(User.id == user_id).with_for_update()
    had = (await db.scalar(held) or USER).split(",")
    role = ",".join(roles)
    changed = await _change(db, user_id, {"role": role}, EventKind.ROLE_SET, by, {"role": role})
    # Tokens that say the roles they had; a lost one must not live on in one of this moment.
    loses = set(had) - {USER, *roles}
    await revoke_user(db, user_id, now=by.at + SETTLED if loses else by.at)
    return changed


async def make_admin(db: AsyncSession, email: str, now: datetime) -> bool:
    """Make the user of an address an admin, as the command does; False: there is no such user."""
    found = await db.execute(select(User.id, User.role).where(User.email == email.lower()))
    user = found.one_or_none()
    if user is None:
        return False
    had = tuple(role for role in (user.role or "").split(",") if role not in {"", USER, ADMIN})
    await set_role(db, user.id, (*had, ADMIN), Actor(None, "", now))
    return True


async def ban(db: AsyncSession, user_id: str, ban: Ban, by: Actor) -> ListedUser:
    """Ban a user and end their sessions: in one transaction, so that none outlives it.

    Raises:
        Refused: There is no such user, or it is the admin's own self.
    """
    if user_id == by.id:
        raise Refused(Code.YOU_CANNOT_BAN_YOURSELF)
    expires = by.at + ban.span if ban.span else None
    values = {"banned": True, "ban_reason": ban.reason or _NO_REASON, "ban_expires": expires}
    detail = {"expires": expires.isoformat()} if expires else None
    # The row's lock makes a sign-in of this moment wait, or be waited for.
    banned = await _change(db, user_id, values, EventKind.USER_BANNED, by, detail)
    await db.execute(delete(Session).where(Session.user_id == user_id))
    await revoke_user(db, user_id, now=by.at + SETTLED)
    return banned


async def unban(db: Statements, user_id: str, by: Actor) -> ListedUser:
    """Take a ban off.

    Raises:
        Refused: There is no such user.
    """
    values = {"banned": False, "ban_reason": None, "ban_expires": None}
    return await _change(db, user_id, values, EventKind.USER_UNBANNED, by, None)


async def remove(db: AsyncSession, user_id: str, by: Actor) -> None:
    """Delete a user, with sessions and accounts.

    Raises:
        Refused: There is no such user, or it is the admin's own self.
    """
    if user_id == by.id:
        raise Refused(Code.YOU_CANNOT_REMOVE_YOURSELF)
    if await db.scalar(select(User.id).where(User.id == user_id)) is None:
        raise Refused(Code.USER_NOT_FOUND, status=404)
    await delete_user(db, user_id, by, EventKind.USER_REMOVED)


async def _change(  # noqa: PLR0913, PLR0917 -- a change is its arguments
    db: Statements,
    user_id: str,
    values: Mapping[str, object],
    kind: EventKind,
    by: Actor,
    detail: Detail | None,
) -> ListedUser:
    changed = await db.execute(
        update(User)
        .where(User.id == user_id)
        .values(**values, updated_at=by.at)
        .returning(*_FIELDS.values())
    )
    row = changed.one_or_none()
    if row is None:
        raise Refused(Code.USER_NOT_FOUND, status=404)
    await record(db, Event(kind, by, user_id, detail))
    return ListedUser(*row)


def _field(name: str) -> ColumnElement[Any]:
    if name not in _FIELDS:
        raise NoSuchField
    return _FIELDS[name]


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise NoSuchField from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
