"""What admins send, and what comes back: the bodies of Better Auth's admin plugin."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from auth_service.admin.users import OPERATORS
from auth_service.sessions.schemas import UserBody
from auth_service.wire import OneOf, OptionalText, PlainText, Timestamp, WhenMissing, Wire

_CURSOR_DIGITS = 18  # fewer than a bigint has
_LONGEST_BAN = 10_000_000_000  # seconds, three centuries; a date has an end


def _text_of(value: object) -> object:
    """Make a text of whatever was sent, for Better Auth does; of nothing but text an id."""
    return value if isinstance(value, str) else repr(value)


def _roles(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(role, str) for role in value):
        return tuple(value)
    raise PydanticCustomError("role", "Invalid input")


def _span(value: object) -> object:
    if value is None:
        raise PydanticKnownError("float_type")
    return value


def _within_calendar(value: float) -> float:
    for sign, bound, limit in ((1, "big", "<="), (-1, "small", ">=")):
        if value * sign > _LONGEST_BAN:
            raise PydanticCustomError(
                f"too_{bound}",
                "Too {bound}: expected number to be {limit}{most}",
                {"bound": bound, "limit": limit, "most": sign * _LONGEST_BAN},
            )
    return value


def _single(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("union", "Invalid input")
    return value


def _page_length(value: object) -> object:
    length = str(_single(value))
    if (
        not (length.isascii() and length.isdecimal())
        or len(length) > len("1000")
        or not int(length)
    ):
        raise PydanticCustomError("number", "Invalid input: expected a number from 1 to 9999")
    return int(length)


def _moment(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PydanticCustomError("datetime", "Invalid ISO datetime")
    return value


def _event_id(value: str) -> str:
    if not (value.isascii() and value.isdecimal()) or len(value) > _CURSOR_DIGITS:
        raise PydanticCustomError("cursor", "Invalid cursor")
    return value


UserId = Annotated[
    PlainText,
    BeforeValidator(_text_of),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]}),
    WhenMissing("Invalid input: expected nonoptional, received undefined"),
]
Roles = Annotated[
    tuple[PlainText, ...],
    BeforeValidator(_roles),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    WhenMissing("Invalid input"),
]
Seconds = Annotated[
    float | None,
    BeforeValidator(_span),
    AfterValidator(_within_calendar),
    WithJsonSchema({"type": "number"}),
]
Number = Annotated[
    PlainText | None,
    BeforeValidator(_single),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
"""Of a query, where all is text."""

PageLength = Annotated[
    int | None,
    BeforeValidator(_page_length),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]
Moment = Annotated[
    OptionalText, AfterValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Cursor = Annotated[
    OptionalText,
    AfterValidator(_event_id),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,18}$"}),
]


SearchField = Annotated[str | None, OneOf(("email", "name"))]
SearchOperator = Annotated[str | None, OneOf(("contains", "starts_with", "ends_with"))]
Direction = Annotated[str | None, OneOf(("asc", "desc"))]
FilterOperator = Annotated[str | None, OneOf(OPERATORS)]


class UserIdBody(Wire):
    """On whom."""

    user_id: UserId


class SetRoleBody(Wire):
    """Whose role, and which; several at once are allowed."""

    user_id: UserId
    role: Roles


class BanBody(Wire):
    """Whom to ban, why, and for how many seconds; without an end, for ever."""

    user_id: UserId
    ban_reason: OptionalText = None
    ban_expires_in: Seconds = None


class ListUsersQuery(Wire):
    """Which users: one search, one filter, an order and a page."""

    search_value: OptionalText = None
    search_field: SearchField = None
    search_operator: SearchOperator = None
    limit: Number = None
    offset: Number = None
    sort_by: OptionalText = None
    sort_direction: Direction = None
    filter_field: OptionalText = None
    filter_value: Annotated[
        PlainText | tuple[PlainText, ...] | list[PlainText] | None,
        WithJsonSchema({"type": "string"}),
    ] = None
    filter_operator: FilterOperator = None


class AdminUserBody(UserBody):
    """A user as admins see them."""

    role: str
    banned: bool
    ban_reason: str | None
    ban_expires: Timestamp | None


class ChangedUserBody(Wire):
    """The user, as they now are."""

    user: AdminUserBody


class UsersBody(Wire):
    """A page of users, and how many there are on all pages."""

    users: tuple[AdminUserBody, ...]
    total: int
    limit: int = Field(default=0, description="Where one was asked for.")
    offset: int = Field(default=0, description="As above.")


class AdminSessionBody(Wire):
    """A session without its token, by which an admin could act as the user unseen."""

    expires_at: Timestamp
    created_at: Timestamp
    updated_at: Timestamp
    ip_address: str | None
    user_agent: str | None
    user_id: str
    impersonated_by: str | None
    id: str


class UserSessionsBody(Wire):
    """Where a user is signed in."""

    sessions: tuple[AdminSessionBody, ...]


class AuditQuery(Wire):
    """Which events: newest first, those before a cursor."""

    user: OptionalText = Field(default=None, description="Who did it, or on whom it was done.")
    event: OptionalText = None
    since: Moment = Field(default=None, alias="from")
    until: Moment = Field(default=None, alias="to", description="Not this moment itself.")
    before: Cursor = Field(default=None, description="`next` of the page before.")
    limit: PageLength = Field(default=None, description="100 unless said, 1000 at most.")


class AuditEventBody(Wire):
    """What happened."""

    id: str
    event: str
    created_at: Timestamp
    actor_id: str | None
    user_id: str | None
    ip_address: str
    request_id: str
    trace_id: str
    detail: dict[str, str | int] | None


class AuditEventsBody(Wire):
    """A page of events, newest first, and where the next one begins; null at the end."""

    events: tuple[AuditEventBody, ...]
    next: str | None
