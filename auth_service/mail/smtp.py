"""Mail by SMTP (RFC 5321), through aiosmtplib.

    smtp://[user:password@]host[:port]     STARTTLS where the server offers it; port 587 with a
                                           password, else 25
    smtps://[user:password@]host[:port]    TLS from the first byte (RFC 8314); port 465

A password is sent through TLS alone, save to this machine. `?cafile=PATH` names the certificates
to trust instead of the system's.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formataddr, formatdate, parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

from auth_service.mail import Mail, MailRefused, MailUnavailable
from auth_service.mail.letters import Letterhead
from service_kit.settings import BadSettings

STEP_SECONDS = 10.0
"""What one step of the conversation may take."""

CHECK_SECONDS = 1.5
"""What a step of a check may take; whoever asks waits for it."""

SEND_SECONDS = 60.0
"""What sending one mail may take in all."""

_PERMANENT = 500  # replies from here on are final: RFC 5321 section 4.2.1


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to speak with it.

    Attributes:
        host: Its name or address.
        port: Its port.
        user: Signed in as; None: not at all.
        password: The user's.
        tls: From the first byte.
        start_tls: Begin TLS by command: always, never, or (None) where it is offered.
        context: Whose certificates are trusted.
    """

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: bool
    start_tls: bool | None
    context: ssl.SSLContext = field(repr=False)


class SmtpMailer:
    """Hands letters to a mail server, one connection each.

    Args:
        server: Whom to hand them to.
        sender: The From header: an address, or `Name <address>`.
        letterhead: Writes the letters.
    """

    can_be_away = True

    def __init__(self, server: Server, sender: str, letterhead: Letterhead) -> None:
        self._server = server
        self._sender = parseaddr(sender)
        self._letterhead = letterhead

    async def send(self, mail: Mail) -> None:
        """Send a mail.

        Raises:
            MailUnavailable: The server is away, slow, or asks to try again later.
            MailRefused: The server will not take it.
        """
        message = self._message(mail)
        with mail_errors():
            async with asyncio.timeout(SEND_SECONDS), self._connection(STEP_SECONDS) as server:
                await server.send_message(message)

    async def check(self) -> None:
        """Greet the server, sign in if one does, and leave.

        Raises:
            MailUnavailable: The server is away, or does not let us in.
        """
        with mail_errors():
            async with self._connection(CHECK_SECONDS):
                pass

    def _connection(self, seconds: float) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            # The name of this machine is nobody's business, and finding it may ask a name server.
            local_hostname="localhost",
            use_tls=server.tls,
            start_tls=server.start_tls,
            tls_context=server.context,
            timeout=seconds,
        )

    def _message(self, mail: Mail) -> EmailMessage:
        letter = self._letterhead.write(mail.type, mail.url, mail.new_email)
        _, address = self._sender
        message = EmailMessage()
        message["From"] = formataddr(self._sender)
        message["To"] = mail.to
        message["Subject"] = letter.subject
        message["Date"] = formatdate(usegmt=True)
        # The same at every attempt, so that a mail whose receipt got lost arrives once.
        unique = hashlib.sha256(f"{mail.to} {mail.token}".encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{unique}@{address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers from the absent
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message


@contextmanager
def mail_errors() -> Iterator[None]:
    """Turn aiosmtplib's and the network's failures into ours, which hold no address."""
    try:
        yield
    except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as error:
        raise _refusal([error.code]) from error
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refusal([refused.code for refused in error.recipients]) from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        # OSError covers time-outs, refusals and TLS; what we send is our own, so a ValueError
        # tells of a reply that cannot be read.
        raise MailUnavailable from error


def read_server(url: str) -> Server:
    """Read MAIL_URL.

    Raises:
        BadSettings: It names no server, or certificates that cannot be read.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadSettings("MAIL_URL is not a URL that can be read") from error
    if not host:
        raise BadSettings("MAIL_URL names no mail server; write smtp://host:port")
    query = dict(parse_qsl(parts.query))
    cafile = query.pop("cafile", None)
    if query or parts.path.strip("/"):
        raise BadSettings("MAIL_URL has more than a host, a port and ?cafile=")
    tls = parts.scheme == "smtps"
    user = unquote(parts.username) if parts.username else None
    return Server(
        host=host,
        port=port or (465 if tls else 587 if user else 25),
        user=user,
        password=unquote(parts.password or "") if user else None,
        tls=tls,
        start_tls=False if tls else (True if user and not _is_this_machine(host) else None),
        context=_context(cafile),
    )


def _refusal(codes: list[int]) -> MailRefused | MailUnavailable:
    return MailRefused() if all(code >= _PERMANENT for code in codes) else MailUnavailable()


def _context(cafile: str | None) -> ssl.SSLContext:
    if cafile is not None and not Path(cafile).is_file():
        raise BadSettings("MAIL_URL names a cafile that is not there")
    try:
        return ssl.create_default_context(cafile=cafile)
    except ssl.SSLError as error:
        raise BadSettings("MAIL_URL names a cafile that holds no certificate") from error


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
