"""What is sent to sign up and in, and what comes back."""

from typing import ClassVar

from pydantic import Field

from auth_service.sessions.schemas import UserBody
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


class SignInBody(Wire):
    """A user's address and password."""

    email: str
    password: str
    callback_url: OptionalText = Field(default=None, alias="callbackURL")
    remember_me: OptionalFlag = None


class SignedUpBody(Wire):
    """The session's token, and the new user."""

    token: str
    user: UserBody


class SignedInBody(Wire):
    """The session's token, its user, and where the client goes next if it said so."""

    redirect: bool
    token: str
    url: str = Field(default="", description="callbackURL, where one was sent.")
    user: UserBody
