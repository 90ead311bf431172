"""What is sent to change a user, and what comes back."""

from typing import ClassVar

from pydantic import Field

from auth_service.sessions.schemas import UserBody
from auth_service.wire import OptionalFlag, OptionalText, PlainText, Timestamp, Wire


class UpdateUserBody(Wire):
    """What of the profile is to change; members not named here are ignored."""

    described_as: ClassVar[tuple[str, ...]] = ("record",)

    name: OptionalText = None
    image: PlainText | None = None
    software_background: PlainText | None = None
    hardware_background: PlainText | None = None
    interest_area: PlainText | None = None
    email: object = Field(default=None, description="Refused unless empty: see change-email.")


class ChangePasswordBody(Wire):
    """The new password and the current one."""

    new_password: PlainText
    current_password: str
    revoke_other_sessions: OptionalFlag = None


class ChangedPasswordBody(Wire):
    """The token of the new session, where the others were ended, and the user."""

    token: str | None
    user: UserBody


class PasswordBody(Wire):
    """A password to check."""

    password: str


class AccountBody(Wire):
    """A way the user signs in."""

    account_id: str
    provider_id: str
    user_id: str
    created_at: Timestamp
    updated_at: Timestamp
    id: str
    scopes: tuple[str, ...]
