"""The sessions' doors: who am I, sign-out, and which others there are."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from auth_service.audit.events import Actor
from auth_service.dependencies import (
    Caller,
    Client,
    Now,
    Res,
    any_body,
    checked_body,
    moment_of,
    resources_of,
    same_site,
)
from auth_service.error_codes import Code
from auth_service.errors import PlainRefusal, Refused
from auth_service.openapi import documented, documented_query
from auth_service.replies import NOT_STORED_ANYWHERE, list_reply, null_reply, reply, told
from auth_service.sessions import lifecycle
from auth_service.sessions.auth_jwt import mint_auth_jwt, with_auth_jwt
from auth_service.sessions.cookies import Header, cleared_session
from auth_service.sessions.current import SessionLookup, Shown, presented
from auth_service.sessions.management import active_sessions, revoke, revoke_all
from auth_service.sessions.schemas import (
    CurrentSessionBody,
    RevokeBody,
    SessionBody,
    SessionQuery,
    SignOutBody,
    StatusBody,
    SuccessBody,
    UpdateSessionBody,
    tell_session,
    tell_user,
)
from auth_service.sessions.signed_in import (
    FreshSession,
    LiveSession,
    RequiredSession,
    SessionOrKey,
    resolve,
)
from auth_service.wire import JSON

router = APIRouter(tags=["sessions"])


@router.get(
    "/get-session",
    response_model=CurrentSessionBody | None,
    openapi_extra=documented_query(SessionQuery),
)
async def get_session(request: Request) -> Response:
    """Say who is signed in: the session and its user, or null."""
    # Called without FastAPI, see auth_service/direct.py; so it asks for nothing but the request.
    resources = resources_of(request)
    settings, now = resources.settings, moment_of(resources)
    shown = await presented(request, resources)
    # A copy knows neither the role nor an end, and the token of a reply counts with others.
    cache_answers = not settings.set_auth_jwt
    found = await resolve(request.query_params, shown, resources, now, cache_answers=cache_answers)
    if settings.set_auth_jwt and found.session is not None and shown.key_session is None:
        token = await mint_auth_jwt(
            found.session, resources.keyring, origin=settings.origin, now=now
        )
        found = replace(found, headers=with_auth_jwt(found.headers, token))
    return _told_session(found)


@router.post("/get-session", dependencies=[Depends(same_site)], include_in_schema=False)
async def post_session(shown: Shown) -> Response:
    """Refuse in Better Auth's words, unless it is a key that asks: here GET renews by itself."""
    if shown.key_session is not None:
        return _told_session(SessionLookup(shown.key_session))
    raise Refused(Code.METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED, headers=dict(NOT_STORED_ANYWHERE))


@router.post(
    "/sign-out",
    response_model=SuccessBody,
    openapi_extra=documented(SignOutBody, JSON, required=False),
)
async def sign_out(
    _body: Annotated[SignOutBody, Depends(checked_body(SignOutBody, optional=True))],
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """End the session, if there is one; its token works no more."""
    if shown.token is not None:
        async with resources.database.statements() as db:
            await lifecycle.sign_out(db, shown.token, caller.ip_address, now)
    return reply(SuccessBody(success=True), cleared_session(shown.rules, shown.cookies))


@router.get("/list-sessions", response_model=list[SessionBody])
async def list_sessions(live: FreshSession, resources: Res, now: Now) -> Response:
    """Tell where the user is signed in, with the tokens that can be revoked."""
    async with resources.database.statements() as db:
        sessions = await active_sessions(db, live.session.user, now)
    bodies = [SessionBody.model_validate(session) for session in sessions]
    return list_reply(bodies, (*NOT_STORED_ANYWHERE, *live.headers))


@router.post(
    "/revoke-session", response_model=StatusBody, openapi_extra=documented(RevokeBody, JSON)
)
async def revoke_session(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    body: Annotated[RevokeBody, Depends(checked_body(RevokeBody))],
    live: RequiredSession,
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """End one session of the user; whether there was such a one is not told."""
    async with resources.database.statements() as db:
        await revoke(db, live.session.user_id, body.token, _actor(live, caller, now))
    own = body.token == live.session.token
    return _done(cleared_session(shown.rules, shown.cookies) if own else live.headers)


@router.post("/revoke-sessions", response_model=StatusBody, dependencies=[Depends(any_body)])
async def revoke_sessions(
    live: RequiredSession, shown: Shown, caller: Caller, resources: Res, now: Now
) -> Response:
    """End all sessions of the user, this one too."""
    async with resources.database.statements() as db:
        await revoke_all(db, live.session.user_id, _actor(live, caller, now))
    return _done(cleared_session(shown.rules, shown.cookies))


@router.post("/revoke-other-sessions", response_model=StatusBody, dependencies=[Depends(any_body)])
async def revoke_other_sessions(
    live: RequiredSession, caller: Caller, resources: Res, now: Now
) -> Response:
    """End all sessions of the user but this one."""
    async with resources.database.statements() as db:
        by = _actor(live, caller, now)
        await revoke_all(db, live.session.user_id, by, but=live.session.token)
    return _done(live.headers)


@router.post(
    "/update-session", openapi_extra=documented(UpdateSessionBody, JSON), response_model=None
)
async def update_session(
    _body: Annotated[UpdateSessionBody, Depends(checked_body(UpdateSessionBody))],
    _live: SessionOrKey,
) -> Response:
    """Refuse: sessions here have no fields of the application's own, and no others can be set."""
    raise PlainRefusal("No fields to update")


def _actor(live: LiveSession, caller: Client, now: datetime) -> Actor:
    return Actor(live.session.user_id, caller.ip_address, now)


def _told_session(found: SessionLookup) -> Response:
    if found.session is None:
        return null_reply((*NOT_STORED_ANYWHERE, *found.headers))
    members = {"session": tell_session(found.session), "user": tell_user(found.session.user)}
    return told(members, (*NOT_STORED_ANYWHERE, *found.headers))


def _done(headers: tuple[Header, ...]) -> Response:
    return reply(StatusBody(status=True), headers)
