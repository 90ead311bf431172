"""The session's cookies: signed, written and read byte for byte as Better Auth does."""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from auth_service.settings import Settings

SESSION_TOKEN = "session_token"  # noqa: S105 -- the cookie's name
SESSION_DATA = "session_data"
DONT_REMEMBER = "dont_remember"

AUTH_TOKEN_HEADER = "set-auth-token"  # noqa: S105 -- the header's name

_SIGNATURE_LENGTH = 44  # base64 of 32 bytes, with its padding
_SESSION_DATA_CHUNK = re.compile(rf"{SESSION_DATA}(\.(0|[1-9]\d{{0,14}}))?", re.ASCII)

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CookieRules:
    """How this service's cookies are named and signed.

    Attributes:
        secret: Key of the signatures.
        secure: Cookies are named `__Secure-…` and sent over https alone.
        older_secrets: Keys of signatures made before, which are accepted still.
        cache: Clients are given a signed copy of their session to be answered from.
    """

    secret: bytes = field(repr=False)
    secure: bool
    older_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    cache: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "CookieRules":
        """Return the rules that the settings ask for."""
        return _rules(settings.signing_secrets, settings.secure_cookies, settings.cookie_cache)

    def full_name(self, name: str) -> str:
        """Return a cookie's name on the wire."""
        return f"{'__Secure-' if self.secure else ''}better-auth.{name}"

    def unsign(self, signed: str) -> str | None:
        """Return the value whose signature holds under any of the secrets, else None."""
        values = (unsign(signed, secret) for secret in (self.secret, *self.older_secrets))
        return next((value for value in values if value is not None), None)


@lru_cache(maxsize=8)
def _rules(secrets: tuple[str, ...], secure: bool, cache: bool) -> CookieRules:  # noqa: FBT001 -- two settings, as they are called there
    newest, *older = (secret.encode() for secret in secrets)
    return CookieRules(newest, secure=secure, older_secrets=tuple(older), cache=cache)


def sign(value: str, secret: bytes) -> str:
    """Return `value.signature`: HMAC-SHA256 in base64 with padding."""
    return f"{value}.{_signature(value, secret)}"


def unsign(signed: str, secret: bytes) -> str | None:
    """Return the value whose signature holds, else None. Percent-encoding is taken off."""
    value, _, signature = _percent_decoded(signed).rpartition(".")
    if len(signature) != _SIGNATURE_LENGTH or not signature.endswith("="):
        return None
    expected = _signature(value, secret)
    return value if hmac.compare_digest(signature.encode(), expected.encode()) else None


def read_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a Cookie header, still encoded; the first of equal names wins."""
    cookies: dict[str, str] = {}
    for pair in header.split(";"):
        name, separator, value = pair.partition("=")
        if separator:
            cookies.setdefault(name.strip(), value.strip().removeprefix('"').removesuffix('"'))
    return cookies


def signed_cookie(cookies: dict[str, str], name: str, rules: CookieRules) -> str | None:
    """Return a cookie's value where it is there and its signature holds."""
    value = cookies.get(rules.full_name(name))
    return rules.unsign(value) if value else None


def session_headers(
    token: str, *, max_age: timedelta | None, rules: CookieRules
) -> tuple[Header, ...]:
    """Return the headers that hand a session to its client: the cookie and, for bearers, itself.

    Args:
        token: The session's.
        max_age: How long the client keeps it; None: until the browser is closed.
        rules: Name and signature.
    """
    signed = sign(token, rules.secret)
    return (
        set_cookie(SESSION_TOKEN, signed, max_age, rules),
        (AUTH_TOKEN_HEADER, signed),
        ("access-control-expose-headers", AUTH_TOKEN_HEADER),
    )


def forgetful_headers(token: str, rules: CookieRules) -> tuple[Header, ...]:
    """Return the headers of a session that goes with the browser window, and is marked as such."""
    return (
        *session_headers(token, max_age=None, rules=rules),
        set_cookie(DONT_REMEMBER, sign("true", rules.secret), None, rules),
    )


def cleared(rules: CookieRules, *names: str) -> tuple[Header, ...]:
    """Return the headers that delete cookies."""
    return tuple(set_cookie(name, "", timedelta(0), rules) for name in names)


def cleared_session(rules: CookieRules, cookies: Iterable[str] = ()) -> tuple[Header, ...]:
    """Return the headers that delete all cookies of a session.

    Args:
        rules: How cookies are named.
        cookies: Names of those the request holds; the parts of a cached session go as well.
    """
    parts = (name for name in session_data_names(cookies, rules) if name != SESSION_DATA)
    return cleared(rules, SESSION_TOKEN, SESSION_DATA, *parts, DONT_REMEMBER)


def cleared_session_data(cookies: Iterable[str], rules: CookieRules) -> tuple[Header, ...]:
    """Return the headers that delete the cached session a request holds, in all its parts."""
    return cleared(rules, *session_data_names(cookies, rules))


def session_data_names(cookies: Iterable[str], rules: CookieRules) -> list[str]:
    """Return the names, without their prefix, of the cookies that hold a cached session."""
    prefix = rules.full_name("")
    names = (name.removeprefix(prefix) for name in cookies if name.startswith(prefix))
    return [name for name in names if _SESSION_DATA_CHUNK.fullmatch(name)]


def together(*groups: Iterable[Header]) -> tuple[Header, ...]:
    """Return headers of several origins as one; of two on the same matter the later one counts.

    The matter of a Set-Cookie is its cookie: a client may take either of two in one reply.
    """
    kept: dict[tuple[str, str], Header] = {}
    for group in groups:
        for name, value in group:
            matter = value.partition("=")[0] if name == "set-cookie" else ""
            kept[name, matter] = (name, value)
    return tuple(kept.values())


def set_cookie(
    name: str, value: str, max_age: timedelta | None, rules: CookieRules, *, path: str = "/"
) -> Header:
    """Return the header that sets a cookie; without an age it goes with the browser window."""
    age = "" if max_age is None else f"; Max-Age={int(max_age.total_seconds())}"
    secure = "; Secure" if rules.secure else ""
    pair = f"{rules.full_name(name)}={quote(value, safe='')}"
    return "set-cookie", f"{pair}{age}; Path={path}; HttpOnly{secure}; SameSite=Lax"


def _signature(value: str, secret: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, value.encode(), sha256)).decode()


def _percent_decoded(value: str) -> str:
    try:
        return unquote_to_bytes(value).decode() if "%" in value else value
    except UnicodeDecodeError:
        return value
