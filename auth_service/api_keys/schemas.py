"""What is sent to make and change API keys, and what is told of them."""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from auth_service.sessions.schemas import UserBody
from auth_service.wire import OptionalFlag, OptionalText, PlainText, Timestamp, Wire, type_name

_PREFIX = re.compile(r"[a-zA-Z0-9_-]+")
# What JavaScript's Number() reads, of what anybody would write.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+")
_MOST_SAFE = 2**53 - 1
_BY_THE_SERVER = Field(default=None, description="Refused: only the site's owner sets it.")


def _at_least(minimum: int) -> AfterValidator:
    def check(value: float | None) -> float | None:
        if value is not None and value < minimum:
            _fail(f"Too small: expected number to be >={minimum}")
        return value

    return AfterValidator(check)


def _number(value: object) -> object:
    """Refuse null, and let any number of JSON be one: Python's floats end before its integers."""
    if value is None:
        raise PydanticKnownError("float_type")
    return _bounded(value)


def _bounded(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MOST_SAFE:
        return math.inf if value > 0 else -math.inf
    return value


def _record(value: object) -> object:
    if value is None:
        raise PydanticKnownError("dict_type")
    return value


def is_prefix(text: str) -> bool:
    """Tell whether keys may begin with a text."""
    return _PREFIX.fullmatch(text) is not None


def _prefix(value: str | None) -> str | None:
    if value is not None and not is_prefix(value):
        _fail(
            "Invalid prefix format, must be alphanumeric and contain only underscores and hyphens."
        )
    return value


def _count(value: object) -> int:
    """Read a number of a query as Better Auth does."""
    text = value.strip() if isinstance(value, str) else "NaN"
    number = math.nan
    if _NUMBER.fullmatch(text) or not text:
        number = float(text or 0)
    elif _HEXADECIMAL.fullmatch(text):
        number = float(int(text[:20], 16))
    if math.isnan(number):
        _fail("Invalid input: expected number, received NaN")
    if number != math.inf and not number.is_integer():
        _fail("Invalid input: expected int, received number")
    if number > _MOST_SAFE:
        _fail(f"Too big: expected int to be <={_MOST_SAFE}")
    if number < 0:
        _fail("Too small: expected number to be >=0")
    return int(number)


def _direction(value: object) -> object:
    if value not in ("asc", "desc"):  # of a parameter given twice a list comes, which no set takes
        _fail('Invalid option: expected one of "asc"|"desc"')
    return value


def _column(value: object) -> object:
    if not isinstance(value, str):
        _fail(f"Invalid input: expected string, received {type_name(value)}")
    if value not in SORTABLE:
        _fail("Invalid option: expected a member of an API key")
    return value


def _fail(text: str) -> None:
    raise PydanticCustomError("refused", "{text}", {"text": text})


_Number = Annotated[
    float | None, BeforeValidator(_number), WithJsonSchema({"type": "number", "minimum": 1})
]
_Positive = Annotated[_Number, _at_least(1)]
_Seconds = Annotated[float | None, BeforeValidator(_bounded), _at_least(1)]
_Permissions = dict[str, list[str]]
_Count = Annotated[
    int | None, BeforeValidator(_count), WithJsonSchema({"type": "integer", "minimum": 0})
]


class CreateKeyBody(Wire):
    """A key to be made; what is not named here is ignored."""

    config_id: OptionalText = None
    name: OptionalText = Field(default=None, description="Up to 32 characters.")
    prefix: Annotated[
        OptionalText,
        AfterValidator(_prefix),
        WithJsonSchema({"type": "string", "pattern": "^[a-zA-Z0-9_-]+$"}),
    ] = Field(default=None, description="What the key begins with, up to 32 characters.")
    expires_in: _Seconds = Field(default=None, description="Seconds: one day to 365.")
    metadata: Any = Field(default=None, description="An object of the caller's own.")
    remaining: Annotated[float | None, BeforeValidator(_bounded), _at_least(0)] = _BY_THE_SERVER
    refill_amount: _Positive = _BY_THE_SERVER
    refill_interval: _Number = _BY_THE_SERVER
    rate_limit_time_window: _Number = _BY_THE_SERVER
    rate_limit_max: _Number = _BY_THE_SERVER
    rate_limit_enabled: OptionalFlag = _BY_THE_SERVER
    permissions: Annotated[
        _Permissions | None,
        BeforeValidator(_record),
        WithJsonSchema({"type": "object"}),
    ] = _BY_THE_SERVER
    user_id: Any = _BY_THE_SERVER

    @property
    def is_the_servers(self) -> bool:
        """Whether it sets what only the site's owner may set."""
        return self.remaining is not None or bool(self.model_fields_set & BY_THE_SERVER)


class UpdateKeyBody(Wire):
    """What of a key is to change."""

    config_id: OptionalText = None
    key_id: PlainText
    user_id: Any = _BY_THE_SERVER
    name: OptionalText = Field(default=None, description="1 to 32 characters.")
    enabled: OptionalFlag = None
    expires_in: _Seconds = Field(
        default=None, description="Seconds from now: one day to 365; null: never."
    )
    metadata: Any = Field(default=None, description="An object of the caller's own.")
    remaining: _Positive = _BY_THE_SERVER
    refill_amount: _Number = _BY_THE_SERVER
    refill_interval: _Number = _BY_THE_SERVER
    rate_limit_time_window: _Number = _BY_THE_SERVER
    rate_limit_max: _Number = _BY_THE_SERVER
    rate_limit_enabled: OptionalFlag = _BY_THE_SERVER
    permissions: _Permissions | None = _BY_THE_SERVER

    @property
    def is_the_servers(self) -> bool:
        """Whether it sets what only the site's owner may set."""
        return bool(self.model_fields_set & (BY_THE_SERVER | {"remaining"}))


BY_THE_SERVER = frozenset(
    {
        "refill_amount",
        "refill_interval",
        "rate_limit_time_window",
        "rate_limit_max",
        "rate_limit_enabled",
        "permissions",
    }
)
"""Members that only the site's owner sets, by the command; `remaining` is one too."""


class DeleteKeyBody(Wire):
    """The key to delete."""

    config_id: OptionalText = None
    key_id: PlainText


class KeyQuery(Wire):
    """The key to tell."""

    config_id: OptionalText = None
    id: PlainText


class KeyListQuery(Wire):
    """Which keys, and in which order."""

    config_id: OptionalText = None
    organization_id: OptionalText = Field(
        default=None, description="There are no organizations, so none has keys."
    )
    limit: _Count = None
    offset: _Count = None
    sort_by: Annotated[str | None, BeforeValidator(_column), WithJsonSchema({"type": "string"})] = (
        Field(default=None, description="A member of a key, such as createdAt.")
    )
    sort_direction: Annotated[
        Literal["asc", "desc"] | None,
        BeforeValidator(_direction),
        WithJsonSchema({"type": "string", "enum": ["asc", "desc"]}),
    ] = None


class KeyBody(Wire):
    """A key, without what was shown once."""

    config_id: str
    name: str | None
    start: str | None
    reference_id: str
    prefix: str | None
    refill_interval: int | None
    refill_amount: int | None
    last_refill_at: Timestamp | None
    enabled: bool | None
    rate_limit_enabled: bool | None
    rate_limit_time_window: int | None
    rate_limit_max: int | None
    request_count: int | None
    remaining: int | None
    last_request: Timestamp | None
    expires_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    permissions: Any
    metadata: Any
    id: str


SORTABLE = {field.alias or name: name for name, field in KeyBody.model_fields.items()}
"""Members of a key by their spelling outside: what a list may be sorted by."""


class NewKeyBody(KeyBody):
    """A key just made; the one time it is shown."""

    key: str


class KeyListBody(Wire):
    """A user's keys."""

    api_keys: tuple[KeyBody, ...]
    total: int
    limit: int | None = None
    offset: int | None = None


class VerifyKeyBody(Wire):
    """A key somebody has shown to api-service."""

    key: str


class VerifiedKeyBody(Wire):
    """Whose a key is, or why it does not count; members that do not apply are left out.

    Attributes:
        valid: The key counts, and this use was counted.
        cacheable: The answer may be kept for a while, since uses need not be counted.
        code: Why it does not count.
        retry_after_ms: Milliseconds until it may count again.
        key_id: The key's id, which its sessions and tokens have as theirs.
        expires_at: When it ends; null: never.
        permissions: Actions by resource; null: no list was given.
        user: Whose it is.
        role: The user's; null: none was given.
    """

    valid: bool
    cacheable: bool
    code: str | None = None
    retry_after_ms: int | None = None
    key_id: str | None = None
    expires_at: Timestamp | None = None
    permissions: dict[str, list[str]] | None = None
    user: UserBody | None = None
    role: str | None = None
