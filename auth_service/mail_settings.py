"""The settings of mail: how it leaves, whom it is from, and what it is needed for."""

from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from service_kit.settings import ServiceSettings


class MailSettings(ServiceSettings):
    """What a site says about its mail."""

    mail_url: SecretStr | None = Field(
        default=None,
        description=(
            "How mail leaves: smtp://user:password@host:port, smtps://…, console:, file:PATH or "
            "off. Unset: console:, or off where BETTER_AUTH_URL is https."
        ),
        validation_alias="MAIL_URL",
    )
    mail_from: str = Field(
        default="",
        description=(
            "Whom mail is from: an address, or `Name <address>`; the name is the site's in mails. "
            "Unset: no-reply at the host of BETTER_AUTH_URL."
        ),
        validation_alias="MAIL_FROM",
    )
    mail_templates: Path | None = Field(
        default=None,
        description="Folder with the site's own templates of mails; those it lacks are ours.",
        validation_alias="MAIL_TEMPLATES",
    )
    change_email: Literal["on", "confirm", "at-once", "off"] = Field(
        default="on",
        description=(
            "Changing one's address: on (a mail to the new one), confirm (verified users agree by "
            "a mail to the old one first), at-once (unverified users change without mail) or off."
        ),
        validation_alias="CHANGE_EMAIL",
    )
    delete_user: Literal["on", "mail", "off"] = Field(
        default="on",
        description=(
            "Deleting one's account: on (with the password, or within a day of signing in), mail "
            "(by a link in a mail) or off."
        ),
        validation_alias="DELETE_USER",
    )
    revoke_sessions_on_password_reset: bool = Field(
        default=False,
        description=(
            "Whether a password reset by mail ends all sessions of its user: on or off. "
            "Their access tokens end either way."
        ),
        validation_alias="REVOKE_SESSIONS_ON_PASSWORD_RESET",
    )

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        if value and "@" not in parseaddr(value)[1]:
            raise ValueError("is neither an address nor `Name <address>`")
        return value
