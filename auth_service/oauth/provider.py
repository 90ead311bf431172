"""What a provider is to us: its doors, the tokens it hands out, and whom it vouches for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from auth_service.web_client import WebClient
from auth_service.wire import EMAIL_LENGTH, is_email


class ProviderRefused(Exception):
    """What a provider says proves nothing; the text is the class of reason, and no more."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """This site as a provider knows it."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a provider is asked, and how.

    Attributes:
        authorize: Where the reader is sent.
        token: Where codes become tokens.
        issuer: What the provider calls itself in its replies; None: it does not say.
        names_itself: Every reply says its issuer (RFC 9207), so one without it is refused.
        takes_pkce: It checks PKCE's S256.
        basic: The client's secret goes into the Authorization header, not into the form.
    """

    authorize: str
    token: str
    issuer: str | None = None
    names_itself: bool = False
    takes_pkce: bool = True
    basic: bool = False


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """What a provider hands out about one of its users; None where it does not."""

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    access_token_expires_at: datetime | None = None
    refresh_token_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """Whom a provider vouches for.

    Attributes:
        account_id: Its own name for the user, which never changes.
        email: In lower case; None where there is none, or none that can be one.
        email_verified: The provider says that the address is the user's.
        name: What the user is called there; may be empty.
        image: Address of a picture.
        data: All that it says; opaque on purpose.
    """

    account_id: str
    email: str | None
    email_verified: bool
    name: str
    image: str | None
    data: Mapping[str, object]


class Provider(Protocol):
    """A provider readers can sign in with."""

    @property
    def id(self) -> str:
        """Its name in paths and in the database."""

    @property
    def client(self) -> OAuthClient:
        """This site as it knows it."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What is asked for at every sign-in."""

    @property
    def extra(self) -> tuple[tuple[str, str], ...]:
        """Parameters of its own in the authorize URL."""

    @property
    def takes_id_tokens(self) -> bool:
        """Whether a reader may come with an id token instead of by redirect."""

    @property
    def uses_nonce(self) -> bool:
        """Whether its id tokens are bound to the request by a nonce."""

    async def doors(self, web: WebClient) -> Doors:
        """Tell where it is asked.

        Raises:
            WebFailure: It has to be asked for that, and does not answer.
            ProviderRefused: What it answers is not to be trusted.
        """

    async def vouched(
        self, web: WebClient, tokens: ProviderTokens, nonce: str | None, now: datetime
    ) -> ProviderProfile:
        """Tell whom tokens are about that were just handed out; an id token is verified.

        Raises:
            WebFailure, ProviderRefused: It does not answer; nothing is proved.
        """

    async def read_id_token(
        self, web: WebClient, token: str, nonce: str | None, now: datetime
    ) -> ProviderProfile:
        """Tell whom an id token is about that a reader has brought.

        Raises:
            WebFailure, ProviderRefused: As above.
        """

    async def current(self, web: WebClient, tokens: ProviderTokens) -> ProviderProfile:
        """Tell what the provider says today of a user whose tokens are stored.

        Raises:
            WebFailure, ProviderRefused: As above.
        """


def members(value: object) -> Mapping[str, object]:
    """Return a JSON object.

    Raises:
        ProviderRefused: It is something else.
    """
    if not isinstance(value, dict):
        raise ProviderRefused("NoObject")
    return value


def text(said: Mapping[str, object], name: str) -> str | None:
    """Return a member that is a text; None where there is none, or an empty one."""
    value = said.get(name)
    return value.replace("\0", "") or None if isinstance(value, str) else None


def flag(value: object) -> bool:
    """Tell whether a provider says yes; some say it as text."""
    return value is True or value == "true"


def address(value: str | None) -> str | None:
    """Return an e-mail address in lower case; None for what cannot be one."""
    if value is None or not is_email(value) or len(value) > EMAIL_LENGTH:
        return None
    return value.lower()


def split_scopes(value: object) -> tuple[str, ...]:
    """Return scopes, which most providers separate by spaces; some send a list, or commas."""
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, Sequence):
        return tuple(each.strip() for each in value if isinstance(each, str) and each.strip())
    return ()
