"""What is told of users and sessions."""

from pydantic import Field

from auth_service.wire import OptionalFlag, OptionalText, Timestamp, Wire


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


class SignOutBody(Wire):
    """What may be sent along with a sign-out; nothing of it is needed."""

    callback_url: OptionalText = Field(default=None, alias="callbackURL")
    disable_redirect: OptionalFlag = None
    state: OptionalText = None


class SuccessBody(Wire):
    """Done."""

    success: bool


class StatusBody(Wire):
    """Done."""

    status: bool
