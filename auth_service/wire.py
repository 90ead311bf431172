"""Better Auth's spelling: JSON in camelCase, its dates, and its words for what is wrong.

Bodies are read here and not by FastAPI, because the order of checks, the media types and every
text of a refusal are the protocol's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, ClassVar, TypeVar
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import (
    CoreSchema,
    ErrorDetails,
    PydanticCustomError,
    PydanticKnownError,
    core_schema,
    from_json,
)

from auth_service.error_codes import Code
from auth_service.errors import InvalidInput, Refused, UnsupportedMediaType

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

EMAIL_LENGTH = (
    254  # RFC 5321 section 4.5.3.1.3, less the angle brackets; an index row needs a bound
)

# Zod 4's e-mail pattern, which is Better Auth's.
_EMAIL = re.compile(
    r"(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}"
)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Absent(Enum):
    """The body of a request without one; JavaScript's undefined."""

    BODY = "undefined"


def _without_nul(value: str) -> str:
    if "\0" in value:  # PostgreSQL's text cannot hold it
        raise PydanticCustomError("nul_character", "Invalid string: must not contain U+0000")
    return value


def _email(value: str) -> str:
    if not is_email(value) or len(value) > EMAIL_LENGTH:
        raise PydanticCustomError("email", "Invalid email address")
    return value.lower()


def _not_null(value: object) -> object:
    """Refuse null where Better Auth lets a member be left out but not be null."""
    if value is None:
        raise PydanticKnownError("string_type")
    return value


def _not_null_flag(value: object) -> object:
    if value is None:
        raise PydanticKnownError("bool_type")
    return value


def timestamp(moment: datetime) -> str:
    """Return a moment as JavaScript writes dates: UTC, with milliseconds."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


PlainText = Annotated[str, AfterValidator(_without_nul)]
"""Any text PostgreSQL can hold."""

OptionalText = Annotated[
    PlainText | None, BeforeValidator(_not_null), WithJsonSchema({"type": "string"})
]
"""Text that may be left out, but not be null."""

OptionalFlag = Annotated[
    bool | None, BeforeValidator(_not_null_flag), WithJsonSchema({"type": "boolean"})
]
"""A boolean that may be left out, but not be null."""

Email = Annotated[str, AfterValidator(_email), Field(json_schema_extra={"format": "email"})]
"""An e-mail address, lower-cased."""

NewPassword = Annotated[str, StringConstraints(min_length=1), AfterValidator(_without_nul)]
"""A password to be set; how long it must be is the policy's to say."""

Timestamp = Annotated[datetime, PlainSerializer(timestamp, return_type=str)]
"""ISO 8601 in UTC with three decimals and Z."""


class Wire(BaseModel):
    """Base of all bodies: camelCase outside, snake_case inside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        from_attributes=True,
        frozen=True,
        strict=True,
    )

    described_as: ClassVar[tuple[str, ...]] = ("object",)
    """Better Auth's words for the body: an object, a record, both at once, or none."""


class RefusalBody(Wire):
    """What is wrong; a few of Better Auth's refusals have no code."""

    message: str
    code: str = ""
    details: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class WhenMissing:
    """Zod's text for a member that is not there, where it is not that of the member's type."""

    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Lets a text through that is one of a few."""

    options: tuple[str, ...]

    def __call__(self, value: object) -> object:
        """Return the text, or refuse it in Zod's words."""
        if value not in self.options:
            expected = "|".join(f'"{option}"' for option in self.options)
            raise PydanticCustomError(
                "enum", "Invalid option: expected one of {e}", {"e": expected}
            )
        return value

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self)

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> JsonSchemaValue:
        return {"type": "string", "enum": list(self.options)}


Body = TypeVar("Body", bound=Wire)


def is_email(value: str) -> bool:
    """Tell whether Better Auth takes a text for an e-mail address."""
    return _EMAIL.fullmatch(value) is not None


def read_body(content_type: str, content: bytes, allowed: tuple[str, ...]) -> object:
    """Return the value a body holds, or Absent.BODY.

    Args:
        content_type: The header's value; parameters and case do not matter.
        content: The body.
        allowed: Media types the route reads, in the order they are named to the caller.

    Raises:
        UnsupportedMediaType: It is of another type.
        Refused: BAD_REQUEST, the body is no JSON.
    """
    if not content:
        return Absent.BODY
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in allowed:
        raise UnsupportedMediaType(content_type, allowed)
    try:
        if media_type == FORM:
            return dict(parse_qsl(content.decode(), keep_blank_values=True, errors="strict"))
        # Lone surrogates, invalid UTF-8, NaN and nesting beyond 200 levels are no JSON to it.
        return from_json(content.removeprefix(_BYTE_ORDER_MARK), allow_inf_nan=False)
    except ValueError as error:
        raise Refused(Code.BAD_REQUEST) from error


def validate(model: type[Body], value: object, *, where: str = "body") -> Body:
    """Return a body, or a query, as its model.

    Raises:
        InvalidInput: With Zod 4's text for each problem.
    """
    if not isinstance(value, dict):
        received = type_name(value)
        raise InvalidInput(
            [f"[{where}] {_wrong_type(kind, received)}" for kind in model.described_as]
            or [f"[{where}] Invalid input"]
        )
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise InvalidInput([_issue(model, problem, where) for problem in problems]) from None


def query_members(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Return a query's parameters; of one that comes more than once, all values in a list."""
    members: dict[str, list[str]] = {}
    for name, value in pairs:
        members.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in members.items()}


_EXPECTED: Mapping[str, str] = {
    "bool_type": "boolean",
    "dict_type": "record",
    "float_type": "number",
    "list_type": "array",
    "model_attributes_type": "object",
    "string_type": "string",
}


def _issue(model: type[Wire], problem: ErrorDetails, where: str) -> str:
    path = ".".join(str(part) for part in (where, *problem["loc"]))
    return f"[{path}] {_text(model, problem)}"


def _text(model: type[Wire], problem: ErrorDetails) -> str:
    kind = problem["type"]
    if kind == "missing":
        said = _when_missing(model, str(problem["loc"][0]))
        if said is not None:
            return said
        names = {
            field.alias or to_camel(name): field.annotation
            for name, field in model.model_fields.items()
        }
        expected = "boolean" if names[str(problem["loc"][0])] is bool else "string"
        return _wrong_type(expected, "undefined")
    if kind == "string_too_short":
        return "Too small: expected string to have >=1 characters"
    if expected_type := _EXPECTED.get(kind):
        return _wrong_type(expected_type, type_name(problem["input"]))
    return problem["msg"]


def _when_missing(model: type[Wire], member: str) -> str | None:
    for name, field in model.model_fields.items():
        if (field.alias or to_camel(name)) == member:
            return next((it.text for it in field.metadata if isinstance(it, WhenMissing)), None)
    return None


def _wrong_type(expected: str, received: str) -> str:
    return f"Invalid input: expected {expected}, received {received}"


def type_name(value: object) -> str:
    """Name a value's type as Zod does."""
    if isinstance(value, Absent):
        return value.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names: dict[type, str] = {int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")
