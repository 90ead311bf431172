"""What is told of users and sessions."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from auth_service.replies import teller
from auth_service.wire import OptionalFlag, OptionalText, PlainText, Timestamp, Wire


def _one_of(*choices: str) -> BeforeValidator:
    """Refuse other values, in the words Zod 4 has for one choice and for several."""
    quoted = "|".join(f'"{choice}"' for choice in choices)
    several = "Invalid option: expected one of " if choices[1:] else "Invalid input: expected "

    def check(value: object) -> object:
        if value not in choices:
            raise PydanticCustomError("choice", f"{several}{quoted}")
        return value

    return BeforeValidator(check)


Grant = Annotated[
    Literal["refresh"] | None,
    _one_of("refresh"),
    WithJsonSchema(
        {"type": "string", "enum": ["refresh"], "description": "Asks for a refresh token."}
    ),
]
"""What a client may ask for beside the session; Better Auth knows no such member."""

RefreshTransport = Annotated[
    Literal["json", "cookie"] | None,
    _one_of("json", "cookie"),
    WithJsonSchema(
        {
            "type": "string",
            "enum": ["json", "cookie"],
            "description": "How the refresh token comes; json unless said.",
        }
    ),
]
"""How a client wants its refresh token: in the body, or in a cookie that no script reads."""


class UserBody(Wire):
    """A user; every member is always there."""

    name: str
    email: str
    email_verified: bool
    image: str | None
    created_at: Timestamp
    updated_at: Timestamp
    software_background: str | None
    hardware_background: str | None
    interest_area: str | None
    id: str


class SessionBody(Wire):
    """A session."""

    expires_at: Timestamp
    token: str
    created_at: Timestamp
    updated_at: Timestamp
    ip_address: str | None
    user_agent: str | None
    user_id: str
    id: str


class CurrentSessionBody(Wire):
    """The session a request presents, and its user."""

    session: SessionBody
    user: UserBody


class SessionQuery(Wire):
    """How the session is looked for; any text but the empty one says yes."""

    disable_refresh: OptionalText = Field(
        default=None, description="Unless empty: leave the session's end as it is."
    )
    disable_cookie_cache: OptionalText = Field(
        default=None, description="Unless empty: ask the database, whatever the cookie cache holds."
    )


tell_user = teller(UserBody)
"""Tells a Profile as a UserBody."""

tell_session = teller(SessionBody)
"""Tells a StoredSession as a SessionBody."""


class SignOutBody(Wire):
    """What may be sent along with a sign-out; nothing of it is needed."""

    callback_url: OptionalText = Field(default=None, alias="callbackURL")
    disable_redirect: OptionalFlag = None
    state: OptionalText = None


class SuccessBody(Wire):
    """Done."""

    success: bool


class RevokeBody(Wire):
    """The session to end."""

    token: PlainText


class UpdateSessionBody(Wire):
    """Any members; none of them can be set."""

    described_as: ClassVar[tuple[str, ...]] = ("record",)


class StatusBody(Wire):
    """Done."""

    status: bool


class GrantQuery(Wire):
    """What may be asked for beside an access token."""

    grant: Grant = None
    refresh_transport: RefreshTransport = None
