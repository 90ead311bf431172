"""What routes for signed-in readers ask for: RequiredSession."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from auth_service.dependencies import Now, Res
from auth_service.errors import Code, Refused
from auth_service.resources import Resources
from auth_service.sessions.cookies import Header, forgetful_headers, session_headers, together
from auth_service.sessions.current import Presented, SessionLookup, Shown, look_up
from auth_service.sessions.lifecycle import REMEMBERED, StoredSession


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
    """Find the session a request presents."""
    del cache_answers
    return await look_up(shown, resources, now, renew=not query.get("disableRefresh"))


async def required_session(
    request: Request, shown: Shown, resources: Res, now: Now
) -> AsyncIterator[LiveSession]:
    """Give the session to a route that needs one, always as the database has it.

    Raises:
        Refused: UNAUTHORIZED, there is none.
    """
    found = await resolve(request.query_params, shown, resources, now)
    if found.session is None:
        raise Refused(Code.UNAUTHORIZED, cookies=found.headers)
    try:
        yield LiveSession(found.session, found.headers)
    except Refused as refusal:
        refusal.cookies = together(found.headers, refusal.cookies)
        raise


RequiredSession = Annotated[LiveSession, Depends(required_session, scope="function")]


def kept_headers(session: StoredSession, shown: Presented, now: datetime) -> tuple[Header, ...]:
    """Return the headers that hand a client its session once more, remembered or not as before."""
    del now
    if shown.remembered:
        return session_headers(session.token, max_age=REMEMBERED, rules=shown.rules)
    return forgetful_headers(session.token, shown.rules)
