"""Mail: what is sent, and the mailers that plug in. `choose` picks one by MAIL_URL."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

from auth_service.mail.letters import Letterhead, read_templates
from auth_service.settings import Settings
from service_kit.settings import BadSettings

MailType = Literal["verification", "reset-password", "change-email", "delete-user"]
"""Better Auth's senders; a change of address sends `change-email` to the old address, and
`verification` to the new one."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to a user.

    Attributes:
        type: Which one.
        to: The address it is sent to.
        url: The link to follow; holds the token.
        token: Proves that its holder reads the address's mail.
        new_email: In `change-email`, the address asked for.
    """

    type: MailType
    to: str
    url: str
    token: str
    new_email: str | None = None


class MailUnavailable(Exception):
    """The mail cannot be sent now; trying again later may help."""


class MailRefused(Exception):
    """The mail will never be taken: there is no such mailbox, say."""


class Mailer(Protocol):
    """Sends mail."""

    @property
    def can_be_away(self) -> bool:
        """Whether mail leaves this process, and `check` has something to ask."""
        ...

    async def send(self, mail: Mail) -> None:
        """Send a mail.

        Raises:
            MailUnavailable: Not now.
            MailRefused: Never.
        """
        ...

    async def check(self) -> None:
        """Make sure mail could be sent, without sending any.

        Raises:
            MailUnavailable: It could not.
        """
        ...


def _smtp(settings: Settings, url: str, letterhead: Letterhead) -> Mailer:
    from auth_service.mail.smtp import SmtpMailer, read_server

    return SmtpMailer(read_server(url), settings.mail_sender, letterhead)


def _file(_settings: Settings, url: str, _letterhead: Letterhead) -> Mailer:
    from auth_service.mail.file import FileMailer, read_path

    return FileMailer(read_path(url))


def _console(_settings: Settings, _url: str, letterhead: Letterhead) -> Mailer:
    from auth_service.mail.console import ConsoleMailer

    return ConsoleMailer(letterhead)


SCHEMES: tuple[tuple[str, Callable[[Settings, str, Letterhead], Mailer]], ...] = (
    ("smtp", _smtp),
    ("smtps", _smtp),
    ("file", _file),
    ("console", _console),
)


def choose(settings: Settings) -> Mailer | None:
    """Return the mailer the settings name; None where mail is off.

    Raises:
        BadSettings: MAIL_URL cannot be read, or a template is missing or wrong.
    """
    url = settings.mailing
    if url == "off":
        return None
    letterhead = Letterhead(read_templates(settings.mail_templates), settings.mail_site)
    scheme = urlsplit(url).scheme
    for name, make in SCHEMES:
        if scheme == name:
            return make(settings, url, letterhead)
    names = ", ".join(f"{name}:" for name, _ in SCHEMES)
    raise BadSettings(f"MAIL_URL does not begin with one of {names} and is not off")
