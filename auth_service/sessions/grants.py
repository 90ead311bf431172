"""Handing refresh tokens out, to those who ask for one: in the body, or in a cookie of its own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from urllib.parse import urlsplit

from auth_service.database.engine import Statements
from auth_service.database.sweep import Sweep
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.sessions.cookies import CookieRules, Header, set_cookie
from auth_service.sessions.lifecycle import StoredSession
from auth_service.sessions.refresh_families import (
    RefreshLife,
    RefreshTokenGiven,
    end_older_families,
    start_family,
)
from auth_service.settings import Settings

REFRESH_PATH = "/token/refresh"
"""Where refresh tokens are used; their cookie is sent nowhere else."""

REFRESH_TOKEN = "refresh_token"  # noqa: S105 -- the cookie's name


class Asking(Protocol):
    """A body or query in which a refresh token can be asked for."""

    @property
    def grant(self) -> Literal["refresh"] | None:
        """What is asked for."""
        ...

    @property
    def refresh_transport(self) -> Literal["json", "cookie"] | None:
        """How it shall come; None: as JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Granted:
    """A refresh token as a reply hands it out.

    Attributes:
        refresh_token: Of the body; None where the cookie holds it.
        headers: The cookie, if it is one.
    """

    refresh_token: str | None = field(repr=False)
    headers: tuple[Header, ...] = field(repr=False)


async def grant_refresh_token(  # noqa: PLR0913 -- what a grant depends on
    db: Statements,
    asking: Asking,
    session: StoredSession,
    *,
    remembered: bool,
    settings: Settings,
    sweep: Sweep,
    now: datetime,
) -> Granted | None:
    """Give a session a refresh token, if its client asks for one; None if not.

    Args:
        db: Where it is stored.
        asking: Says whether, and how it shall come.
        session: What it is drawn for, and ends with.
        remembered: The session outlives the browser window.
        settings: How long it lives; the cookie's name and path.
        sweep: Has expired ones cleared away now and then.
        now: The time of the request.

    Raises:
        Refused: UNAUTHORIZED, the session has ended meanwhile.
    """
    if asking.grant is None:
        return None
    await sweep(db, now)
    given = await start_family(
        db, session, remembered=remembered, life=RefreshLife.of(settings), now=now
    )
    if given is None:
        raise Refused(Code.UNAUTHORIZED)
    await end_older_families(db, session.id)
    by_cookie = asking.refresh_transport == "cookie"
    return hand_out(given, by_cookie=by_cookie, remembered=remembered, settings=settings, now=now)


def hand_out(
    given: RefreshTokenGiven,
    *,
    by_cookie: bool,
    remembered: bool,
    settings: Settings,
    now: datetime,
) -> Granted:
    """Return what a reply says of a refresh token.

    Args:
        given: The token.
        by_cookie: As a cookie that no script reads; otherwise in the body.
        remembered: The cookie outlives the browser window.
        settings: The cookie's name and path.
        now: The time of the request.
    """
    if not by_cookie:
        return Granted(given.token, ())
    max_age = given.expires_at - now if remembered else None
    path = refresh_cookie_path(settings)
    rules = CookieRules.of(settings)
    return Granted(None, (set_cookie(REFRESH_TOKEN, given.token, max_age, rules, path=path),))


def cleared_refresh_token(settings: Settings) -> tuple[Header, ...]:
    """Return the header that deletes the cookie."""
    path = refresh_cookie_path(settings)
    return (set_cookie(REFRESH_TOKEN, "", timedelta(0), CookieRules.of(settings), path=path),)


def refresh_cookie_path(settings: Settings) -> str:
    """Return the only path browsers send the cookie to, as they see it: behind a proxy's prefix."""
    return urlsplit(settings.auth_url).path + REFRESH_PATH
