"""Who is asking: the session a request presents, by cookie, bearer token or API key."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from auth_service.database.api_keys import UsedKey
from auth_service.database.profiles import Profile
from auth_service.dependencies import API_KEY_HEADER, Now, Res, moment_of, used_key
from auth_service.resources import Resources
from auth_service.sessions.cookie_cache import cached_headers
from auth_service.sessions.cookies import (
    DONT_REMEMBER,
    SESSION_TOKEN,
    CookieRules,
    Header,
    cleared,
    cleared_session,
    forgetful_headers,
    read_cookies,
    session_headers,
    signed_cookie,
)
from auth_service.sessions.lifecycle import (
    REMEMBERED,
    StartedSession,
    StoredSession,
    end_session,
    find_session,
    needs_renewal,
    renew_session,
)
from service_kit.client_ip import client_ip

UNENDING_KEY = timedelta(milliseconds=604_800)
"""How long the session of a key without an end is said to last: Better Auth counts a session's
seconds as milliseconds here."""

_API_KEY = API_KEY_HEADER.encode()


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request holds of a session.

    Attributes:
        token: Whose signature held; None where there is none such.
        remembered: The client keeps its cookie beyond the browser window.
        cookies: All of the request, still encoded.
        rules: How cookies are named and signed.
        holds_key: There is an API key among the headers.
        key_session: The session an API key acts as, which goes before any other; None without.
        key_ends_at: When that key ends; None: never.
    """

    token: str | None
    remembered: bool
    cookies: dict[str, str]
    rules: CookieRules
    holds_key: bool = False
    key_session: StoredSession | None = None
    key_ends_at: datetime | None = None

    def lifetime(self, longest: timedelta, now: datetime) -> timedelta:
        """Return how long a token drawn with it counts: never longer than its key.

        What ends by itself is told to nobody, so the token has to know it.
        """
        return longest if self.key_ends_at is None else min(longest, self.key_ends_at - now)


@dataclass(frozen=True, slots=True)
class SessionLookup:
    """The session a request presents, if it lives, and what the reply must say about it."""

    session: StoredSession | None
    headers: tuple[Header, ...] = ()


def present(scope: Scope, rules: CookieRules) -> Presented:
    """Read the session token of a request; a bearer token that holds goes before the cookie."""
    lines: list[bytes] = []
    authorization = b""
    holds_key = False
    for name, value in scope["headers"]:
        if name == b"cookie":
            lines.append(value)
        elif name == b"authorization":
            authorization = authorization or value  # of doubled ones the first counts
        elif name == _API_KEY:
            holds_key = True
    # Some proxies leave HTTP/2's several cookie lines apart; RFC 9113 section 8.2.3 joins them so.
    cookies = read_cookies(b"; ".join(lines).decode("latin-1"))
    token = _bearer_token(authorization.decode("latin-1"), rules)
    return Presented(
        token=token or signed_cookie(cookies, SESSION_TOKEN, rules),
        remembered=signed_cookie(cookies, DONT_REMEMBER, rules) is None,
        cookies=cookies,
        rules=rules,
        holds_key=holds_key,
    )


async def presented(request: Request, resources: Res) -> Presented:
    """Read the session token of a request; an API key it holds as well is counted and looked up.

    Raises:
        Refused: The key does not hold, or has no uses left.
        DatabaseUnavailable: The database does not answer.
    """
    shown = present(request.scope, CookieRules.of(resources.settings))
    used = await used_key(request, resources) if shown.holds_key else None
    if used is None:
        return shown
    session = _session_of(used, request, resources)
    return replace(shown, key_session=session, key_ends_at=used.expires_at)


def _session_of(key: UsedKey, request: Request, resources: Resources) -> StoredSession:
    """Return the session a key acts as, which is stored nowhere."""
    now = moment_of(resources)
    settings = resources.settings
    return StoredSession(
        user=key.user,
        id=key.id,
        token=key.key,
        user_id=key.user.id,
        expires_at=key.expires_at or now + UNENDING_KEY,
        created_at=now,
        updated_at=now,
        ip_address=client_ip(request.scope, settings.trusted_proxies, settings.client_ip_header),
        user_agent=request.headers.get("user-agent"),
    )


Shown = Annotated[Presented, Depends(presented)]


async def look_up(
    shown: Presented, resources: Resources, now: datetime, *, renew: bool = True
) -> SessionLookup:
    """Find the session a request presents: one SELECT, and a write only when it changes.

    Args:
        shown: What the request holds.
        resources: Its database is asked.
        now: The time of the request.
        renew: Extend the session when its time has come.

    Raises:
        DatabaseUnavailable: The database does not answer.
    """
    if shown.key_session is not None or shown.token is None:
        return SessionLookup(shown.key_session)
    session = await find_session(resources.reader, shown.token)
    if session is None:
        return SessionLookup(None, cleared_session(shown.rules))
    lives = session.expires_at > now
    if lives and not (renew and shown.remembered and needs_renewal(session, now)):
        return SessionLookup(session)
    async with resources.database.statements() as db:
        if not lives:
            await end_session(db, shown.token)
            return SessionLookup(None, cleared_session(shown.rules))
        expires_at = await renew_session(db, shown.token, now)
    if expires_at is None:
        return SessionLookup(None, cleared_session(shown.rules))
    return SessionLookup(
        replace(session, expires_at=expires_at, updated_at=now),
        session_headers(session.token, max_age=REMEMBERED, rules=shown.rules),
    )


async def current_session(shown: Shown, resources: Res, now: Now) -> SessionLookup:
    """Find the session a request presents, renewed when its time has come."""
    return await look_up(shown, resources, now)


CurrentSession = Annotated[SessionLookup, Depends(current_session)]


def started_headers(started: StartedSession, user: Profile, shown: Presented) -> tuple[Header, ...]:
    """Return the headers that hand a session just started to its client.

    Args:
        started: The session.
        user: Whose it is.
        shown: What the request held; the mark of an earlier, unremembered session is taken off.
    """
    cached = cached_headers(
        started.of(user),
        remembered=started.remembered,
        cookies=shown.cookies,
        rules=shown.rules,
        now=started.started_at,
    )
    if not started.remembered:
        return (*forgetful_headers(started.token, shown.rules), *cached)
    headers = session_headers(started.token, max_age=REMEMBERED, rules=shown.rules)
    mark = () if shown.remembered else cleared(shown.rules, DONT_REMEMBER)
    return (*headers, *mark, *cached)


def _bearer_token(authorization: str, rules: CookieRules) -> str | None:
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() != "bearer" or not credentials:
        return None
    # A bare session token proves as much as a signed one: both are known to its owner only.
    return rules.unsign(credentials) if "." in credentials else credentials
