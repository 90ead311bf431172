"""What routes for signed-in readers ask for: RequiredSession, SessionOrKey, FreshSession."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from auth_service.dependencies import Now, Res
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.resources import Resources
from auth_service.sessions.cookie_cache import cached_headers, cached_session
from auth_service.sessions.cookies import (
    Header,
    cleared_session_data,
    forgetful_headers,
    session_headers,
    together,
)
from auth_service.sessions.current import Presented, SessionLookup, Shown, look_up
from auth_service.sessions.lifecycle import FRESH, REMEMBERED, StoredSession


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that lives, and what the reply must say about it, be it a refusal or not."""

    session: StoredSession
    headers: tuple[Header, ...]


async def resolve(
    query: Mapping[str, str],
    shown: Presented,
    resources: Resources,
    now: datetime,
    *,
    cache_answers: bool = False,
) -> SessionLookup:
    """Find the session a request presents, and keep the copy its client may hold in step.

    Args:
        query: Of the request; `disableRefresh` and `disableCookieCache` count unless empty.
        shown: What the request holds.
        resources: Its database is asked, unless a copy answers.
        now: The time of the request.
        cache_answers: With the cookie cache on, a copy that counts is as good as the database.

    Raises:
        DatabaseUnavailable: The database does not answer.
    """
    if shown.key_session is not None:
        return SessionLookup(shown.key_session)
    renew = not query.get("disableRefresh")
    if not shown.rules.cache:
        found = await look_up(shown, resources, now, renew=renew)
        leftover = cleared_session_data(shown.cookies, shown.rules)
        return replace(found, headers=together(found.headers, leftover)) if leftover else found
    if shown.token is None:
        return SessionLookup(None)
    unusable: tuple[Header, ...] = ()
    if cache_answers and not query.get("disableCookieCache"):
        kept = cached_session(shown.cookies, shown.token, shown.rules, now)
        if kept is not None:
            return SessionLookup(kept)
        unusable = cleared_session_data(shown.cookies, shown.rules)
    found = await look_up(shown, resources, now, renew=renew)
    if found.session is None:
        copy = cleared_session_data(shown.cookies, shown.rules)
    elif renew and shown.remembered:
        copy = _copy(found.session, shown, now)
    else:
        copy = unusable
    return replace(found, headers=together(found.headers, copy))


async def session_or_key(
    request: Request, shown: Shown, resources: Res, now: Now
) -> AsyncIterator[LiveSession]:
    """Give the session to a route that needs one, always as the database has it; a key will do.

    A route that changes or tells something must not believe a copy of a session that may have
    ended. What finding it has changed, such as a renewed cookie, goes with a refusal as well.

    Raises:
        Refused: UNAUTHORIZED, there is none.
    """
    found = await resolve(request.query_params, shown, resources, now)
    if found.session is None:
        raise Refused(Code.UNAUTHORIZED, cookies=found.headers)
    with carrying(found.headers):
        yield LiveSession(found.session, found.headers)


SessionOrKey = Annotated[LiveSession, Depends(session_or_key, scope="function")]


async def required_session(
    request: Request, shown: Shown, resources: Res, now: Now
) -> AsyncIterator[LiveSession]:
    """Give the session to a route that needs one of a person's own: an API key is none.

    Raises:
        Refused: UNAUTHORIZED, there is none.
    """
    found = await resolve(request.query_params, replace(shown, key_session=None), resources, now)
    if found.session is None:
        raise Refused(Code.UNAUTHORIZED, cookies=found.headers)
    with carrying(found.headers):
        yield LiveSession(found.session, found.headers)


RequiredSession = Annotated[LiveSession, Depends(required_session, scope="function")]


async def fresh_session(live: SessionOrKey, now: Now) -> LiveSession:
    """Give the session to a route that needs one started lately; renewal does not make it fresh.

    A key always is.

    Raises:
        Refused: UNAUTHORIZED or SESSION_NOT_FRESH.
    """
    if now - live.session.created_at >= FRESH:
        raise Refused(Code.SESSION_NOT_FRESH)
    return live


FreshSession = Annotated[LiveSession, Depends(fresh_session, scope="function")]


@contextmanager
def carrying(headers: tuple[Header, ...]) -> Iterator[None]:
    """Have a refusal say of the caller's session what the reply would have said."""
    try:
        yield
    except Refused as refusal:
        refusal.cookies = together(headers, refusal.cookies)
        raise


def kept_headers(session: StoredSession, shown: Presented, now: datetime) -> tuple[Header, ...]:
    """Return the headers that hand a client its session once more, remembered or not as before.

    Args:
        session: As it is now.
        shown: What the request held.
        now: The time of the request.
    """
    if shown.key_session is not None:  # a key is in nobody's cookie
        return ()
    if shown.remembered:
        headers = session_headers(session.token, max_age=REMEMBERED, rules=shown.rules)
    else:
        headers = forgetful_headers(session.token, shown.rules)
    return (*headers, *_copy(session, shown, now))


def _copy(session: StoredSession, shown: Presented, now: datetime) -> tuple[Header, ...]:
    return cached_headers(
        session, remembered=shown.remembered, cookies=shown.cookies, rules=shown.rules, now=now
    )
