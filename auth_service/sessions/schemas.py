"""What is told of users and sessions."""

from typing import ClassVar

from pydantic import Field

from auth_service.wire import OptionalFlag, OptionalText, PlainText, Timestamp, Wire, teller


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
