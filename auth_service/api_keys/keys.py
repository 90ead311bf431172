"""A user's API keys: made, listed, changed, deleted. Whose they are is part of every statement."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.api_key_settings import ApiKeySettings
from auth_service.audit.events import Actor, Detail, EventKind, recording
from auth_service.database.api_keys import key_hash
from auth_service.database.engine import Statements
from auth_service.database.tables import ApiKey, AuditEvent
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.identifiers import new_api_key, new_identifier

CONFIGURATION = "default"
"""The name of Better Auth's configuration; there is no other here."""

MOST_LISTED = 100
"""Keys told at once; Better Auth's bound."""

_START_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """What a key's uses are bound by.

    Attributes:
        remaining: Uses left; None: not counted.
        refill_amount: What remaining is set to again; None: never.
        refill_interval: Milliseconds between refills.
        rate_limit_enabled: Whether uses in a window are counted.
        rate_limit_max: Most of them.
        rate_limit_time_window: The window in milliseconds, counted from the last use.
    """

    rate_limit_enabled: bool
    rate_limit_max: int
    rate_limit_time_window: int
    remaining: int | None = None
    refill_amount: int | None = None
    refill_interval: int | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be made.

    Attributes:
        limits: What its uses are bound by.
        name: For its owner.
        prefix: What it begins with.
        lifetime: None: it never expires.
        metadata: A JSON object or array; None: none.
        permissions: Actions by resource; None: no list.
    """

    limits: Limits
    name: str | None = None
    prefix: str | None = None
    lifetime: timedelta | None = None
    metadata: object = None
    permissions: Mapping[str, list[str]] | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is told; the order is that of _COLUMNS."""

    config_id: str
    name: str | None
    start: str | None
    reference_id: str
    prefix: str | None
    refill_interval: int | None
    refill_amount: int | None
    last_refill_at: datetime | None
    enabled: bool | None
    rate_limit_enabled: bool | None
    rate_limit_time_window: int | None
    rate_limit_max: int | None
    request_count: int | None
    remaining: int | None
    last_request: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    id: str
    permissions: object
    metadata: object


@dataclass(frozen=True, slots=True)
class Page:
    """Which of a user's keys are told.

    Attributes:
        config_id: Of this configuration alone.
        sort_by: A column of ApiKey; None: as they were made.
        descending: The other way round.
        limit: Most of them; None: MOST_LISTED.
        offset: So many are left out first.
    """

    config_id: str | None = None
    sort_by: str | None = None
    descending: bool = False
    limit: int | None = None
    offset: int | None = None


_COLUMNS: tuple[InstrumentedAttribute[Any], ...] = (
    ApiKey.config_id,
    ApiKey.name,
    ApiKey.start,
    ApiKey.reference_id,
    ApiKey.prefix,
    ApiKey.refill_interval,
    ApiKey.refill_amount,
    ApiKey.last_refill_at,
    ApiKey.enabled,
    ApiKey.rate_limit_enabled,
    ApiKey.rate_limit_time_window,
    ApiKey.rate_limit_max,
    ApiKey.request_count,
    ApiKey.remaining,
    ApiKey.last_request,
    ApiKey.expires_at,
    ApiKey.created_at,
    ApiKey.updated_at,
    ApiKey.id,
    ApiKey.permissions,
    ApiKey.metadata_json,
)


def default_limits(settings: ApiKeySettings) -> Limits:
    """Return what a new key's uses are bound by where nothing else is said."""
    window = timedelta(seconds=settings.api_key_rate_limit_window)
    return Limits(
        rate_limit_enabled=settings.api_key_rate_limit_max > 0,
        rate_limit_max=settings.api_key_rate_limit_max,
        rate_limit_time_window=window // timedelta(milliseconds=1),
    )


async def create_key(db: Statements, user_id: str, new: NewKey, by: Actor) -> tuple[StoredKey, str]:
    """Insert a key of a user and return it, with the key itself, which is stored nowhere.

    As for every change of a key, the event of it is written by the same statement.
    """
    key, key_id, now = new_api_key(new.prefix or ""), new_identifier(), by.at
    made = (
        insert(ApiKey)
        .values(
            id=key_id,
            config_id=CONFIGURATION,
            name=new.name,
            start=key[:_START_LENGTH],
            reference_id=user_id,
            prefix=new.prefix,
            key=key_hash(key),
            enabled=True,
            request_count=0,
            expires_at=None if new.lifetime is None else now + new.lifetime,
            created_at=now,
            updated_at=now,
            permissions=_written(new.permissions),
            metadata_json=_written(new.metadata),
            **asdict(new.limits),
        )
        .returning(*_COLUMNS)
        .cte("made")
    )
    row = await db.execute(_told(made, EventKind.API_KEY_CREATED, by, {"key": key_id}))
    return _stored(row.one()), key


async def list_keys(db: Statements, user_id: str, page: Page) -> tuple[list[StoredKey], int]:
    """Return a page of a user's keys, and how many there are on all."""
    where = [ApiKey.reference_id == user_id]
    if page.config_id:
        where.append(_configured(page.config_id))
    total = await db.scalar(select(func.count()).select_from(ApiKey).where(*where))
    column = getattr(ApiKey, _ATTRIBUTES.get(page.sort_by or "", page.sort_by or "created_at"))
    rows = await db.execute(
        select(*_COLUMNS)
        .where(*where)
        .order_by(column.desc() if page.descending else column, ApiKey.id)
        .limit(MOST_LISTED if page.limit is None else min(page.limit, MOST_LISTED))
        .offset(page.offset)
    )
    return [_stored(row) for row in rows], total or 0


async def find_key(db: Statements, user_id: str, key_id: str) -> StoredKey:
    """Return a key of a user.

    Raises:
        Refused: KEY_NOT_FOUND, also for somebody else's.
    """
    rows = await db.execute(select(*_COLUMNS).where(*_own(user_id, key_id)))
    return _found(rows.first())


async def update_key(
    db: Statements,
    user_id: str,
    key_id: str,
    changes: Mapping[str, object],
    by: Actor,
) -> StoredKey:
    """Change a key of a user and return it.

    Args:
        db: Where.
        user_id: Whose.
        key_id: Which.
        changes: By column: name, enabled, expires_at, metadata_json.
        by: Who changes it.

    Raises:
        Refused: KEY_NOT_FOUND, also for somebody else's.
    """
    values = {**changes, "updated_at": by.at}
    if "metadata_json" in values:
        values["metadata_json"] = _written(values["metadata_json"])
    which = _own(user_id, key_id)
    changed = update(ApiKey).where(*which).values(values).returning(*_COLUMNS).cte("changed")
    detail: dict[str, str | int] = {"key": key_id, "changed": ",".join(sorted(changes))}
    if "enabled" in changes:
        detail["enabled"] = int(bool(changes["enabled"]))
    row = await db.execute(_told(changed, EventKind.API_KEY_CHANGED, by, detail))
    return _found(row.first())


async def delete_key(db: Statements, user_id: str, key_id: str, by: Actor) -> None:
    """Delete a key of a user.

    Raises:
        Refused: KEY_NOT_FOUND, also for somebody else's.
    """
    deleted = delete(ApiKey).where(*_own(user_id, key_id)).returning(*_COLUMNS).cte("deleted")
    row = await db.execute(_told(deleted, EventKind.API_KEY_DELETED, by, {"key": key_id}))
    if row.first() is None:
        raise Refused(Code.KEY_NOT_FOUND)


def _told(cause: CTE, kind: EventKind, by: Actor, detail: Detail) -> Select[Any]:
    """Return a statement that does something to a key, writes the event, and tells the key."""
    event = recording(cause, kind, by, user_id=cause.c.reference_id, detail=detail)
    columns = (cause.c[column.key] for column in _COLUMNS)
    return select(*columns).add_cte(event.returning(AuditEvent.id).cte("told"))


_ATTRIBUTES = {"metadata": "metadata_json"}


def _own(user_id: str, key_id: str) -> tuple[ColumnElement[bool], ...]:
    # Whatever configuration is named, in Better Auth too the only one there is stands for it.
    return ApiKey.id == key_id, ApiKey.reference_id == user_id, _configured(CONFIGURATION)


def _configured(config_id: str) -> ColumnElement[bool]:
    names = (CONFIGURATION, "") if config_id == CONFIGURATION else (config_id,)
    return ApiKey.config_id.in_(names)


def _found(row: Any) -> StoredKey:  # noqa: ANN401 -- a row of columns of several types
    if row is None:
        raise Refused(Code.KEY_NOT_FOUND)
    return _stored(row)


def _stored(row: Any) -> StoredKey:  # noqa: ANN401 -- as above
    *members, permissions, metadata = row
    return StoredKey(*(*members, read_json(permissions), read_json(metadata)))


def read_json(text: str | None) -> object:
    """Return what a column holds; older versions of Better Auth wrote JSON within JSON."""
    value: object = text
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return None
    return value


def _written(value: object) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))
