"""What is sent to sign up and in, and what comes back."""

from typing import ClassVar

from pydantic import Field

from auth_service.sessions.schemas import Grant, RefreshTransport, StatusBody, UserBody
from auth_service.wire import (
    Email,
    NewPassword,
    OptionalFlag,
    OptionalText,
    PlainText,
    Wire,
)


class SignUpBody(Wire):
    """A new user; members not named here are ignored."""

    described_as: ClassVar[tuple[str, ...]] = ("object", "record")

    name: PlainText
    email: Email
    password: NewPassword
    image: OptionalText = None
    callback_url: OptionalText = Field(default=None, alias="callbackURL")
    remember_me: OptionalFlag = None
    software_background: PlainText | None = None
    hardware_background: PlainText | None = None
    interest_area: PlainText | None = None
    grant: Grant = None
    refresh_transport: RefreshTransport = None


class SignInBody(Wire):
    """A user's address and password."""

    email: str
    password: str
    callback_url: OptionalText = Field(default=None, alias="callbackURL")
    remember_me: OptionalFlag = None
    grant: Grant = None
    refresh_transport: RefreshTransport = None


class ResetRequestBody(Wire):
    """Whose password shall be reset, and the page that asks for the new one."""

    email: Email
    redirect_to: OptionalText = None


class ResetLinkQuery(Wire):
    """Where a reset link leads; the token is added to it."""

    callback_url: PlainText = Field(alias="callbackURL")


class ResetTokenQuery(Wire):
    """The token of a reset, where the body has none."""

    token: OptionalText = None


class ResetBody(Wire):
    """The new password, and the token of the mail."""

    new_password: PlainText
    token: OptionalText = None


class VerificationRequestBody(Wire):
    """Which address shall be verified, and where its link leads."""

    email: Email
    callback_url: OptionalText = Field(default=None, alias="callbackURL")


class VerificationQuery(Wire):
    """What a verification link holds."""

    token: PlainText
    callback_url: OptionalText = Field(default=None, alias="callbackURL")


class ResetRequestedBody(StatusBody):
    """Said whether or not there is such an address."""

    message: str


class VerifiedBody(StatusBody):
    """An address is verified, or changed: then with its user."""

    user: UserBody | None


class SignedUpBody(Wire):
    """The session's token, and the new user."""

    token: str
    user: UserBody
    refresh_token: str = Field(default="", description="Where one was asked for.")


class SignedInBody(Wire):
    """The session's token, its user, and where the client goes next if it said so."""

    redirect: bool
    token: str
    url: str = Field(default="", description="callbackURL, where one was sent.")
    user: UserBody
    refresh_token: str = Field(default="", description="Where one was asked for.")
