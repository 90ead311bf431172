"""Events, and how they are written: with what they record, or not at all.

An event is written by the statement or in the transaction that does what it tells of, before the
reply leaves; see docs/decisions/0013. It holds ids, never an address, a password or a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CTE, ColumnElement, Insert, Text, insert, literal, select

from auth_service.database.engine import Statements
from auth_service.database.tables import AuditEvent
from service_kit.request_id import current_request_id
from service_kit.trace_context import current_trace_id

Detail = Mapping[str, str | int]


class EventKind(StrEnum):
    """What can happen; the values are those of the column `event`."""

    SIGNED_UP = "signed_up"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    ACCOUNT_BACKED_OFF = "account_backed_off"
    PASSWORD_REFUSED = "password_refused"  # noqa: S105 -- a name
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 -- as above
    PASSWORD_RESET_REQUESTED = "password_reset_requested"  # noqa: S105 -- as above
    PASSWORD_RESET = "password_reset"  # noqa: S105 -- as above
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_CHANGED = "email_changed"
    EMAIL_VERIFIED = "email_verified"
    SESSIONS_REVOKED = "sessions_revoked"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 -- as above
    ACCOUNT_LINKED = "account_linked"
    ACCOUNT_UNLINKED = "account_unlinked"
    API_KEY_CREATED = "api_key_created"
    API_KEY_CHANGED = "api_key_changed"
    API_KEY_DELETED = "api_key_deleted"
    DELETION_REQUESTED = "deletion_requested"
    USER_DELETED = "user_deleted"
    ROLE_SET = "role_set"
    USER_BANNED = "user_banned"
    USER_UNBANNED = "user_unbanned"
    USER_REMOVED = "user_removed"
    USER_ERASED = "user_erased"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from where and when.

    Attributes:
        id: The user's; None where nobody is known yet, and for commands.
        ip_address: "" where unknown, and for commands.
        at: The time of the request.
    """

    id: str | None
    ip_address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """What happened.

    Attributes:
        kind: What.
        by: Who did it.
        user_id: On whom; None where that is nobody, or nobody known.
        detail: What else there is to know of this kind; nothing that identifies a person.
    """

    kind: EventKind
    by: Actor
    user_id: str | None
    detail: Detail | None = None


_COLUMNS = (
    *("event", "created_at", "actor_id", "user_id", "ip_address", "request_id", "trace_id"),
    "detail",
)


async def record(db: Statements, event: Event) -> None:
    """Write an event, in the transaction of what it tells of where there is one."""
    by = event.by
    await db.execute(
        insert(AuditEvent).values(
            event=event.kind.value,
            created_at=by.at,
            actor_id=by.id,
            user_id=event.user_id,
            ip_address=by.ip_address,
            request_id=current_request_id(),
            trace_id=current_trace_id(),
            detail=event.detail,
        )
    )


def recording(  # noqa: PLR0913 -- an event is its arguments
    cause: CTE,
    kind: EventKind,
    by: Actor,
    *,
    user_id: ColumnElement[Any],
    actor_id: ColumnElement[Any] | None = None,
    detail: Detail | None = None,
) -> Insert:
    """Return a statement that does something and writes the event of it; both or neither.

    Args:
        cause: What is done, such as a DELETE; where it touches no row, no event is written.
        kind: What that is.
        by: Who does it.
        user_id: A column of the cause: on whom. One event is written for each.
        actor_id: Likewise, who does it, where `by` cannot know.
        detail: As in Event.
    """
    rows = (
        select(
            literal(kind.value, Text()),
            literal(by.at, AuditEvent.created_at.type),
            literal(by.id, Text()) if actor_id is None else actor_id,
            user_id,
            literal(by.ip_address, Text()),
            literal(current_request_id(), Text()),
            literal(current_trace_id(), Text()),
            literal(detail, AuditEvent.detail.type),
        )
        .select_from(cause)
        .distinct()
    )
    return insert(AuditEvent).from_select(_COLUMNS, rows)
