"""The tokens' doors: a JWT for a session or a refresh token, and one-call sign-in and sign-up."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from auth_service.accounts.routes import (
    SIGN_IN_DOCS,
    SIGN_UP_DOCS,
    NewAccount,
    NewSession,
    SignedIn,
)
from auth_service.database.engine import database_errors
from auth_service.database.profiles import Profile
from auth_service.dependencies import Caller, Now, Res, checked_body, moment_of, resources_of
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.openapi import documented, documented_query
from auth_service.origins import check_navigation
from auth_service.replies import NOT_STORED, reply, told
from auth_service.resources import Resources
from auth_service.sessions.auth_jwt import LIFETIME, mint_auth_jwt
from auth_service.sessions.current import Presented, SessionLookup, Shown, look_up, presented
from auth_service.sessions.grants import (
    REFRESH_PATH,
    REFRESH_TOKEN,
    Granted,
    cleared_refresh_token,
    grant_refresh_token,
    hand_out,
)
from auth_service.sessions.lifecycle import StoredSession
from auth_service.sessions.refresh_families import RefreshLife
from auth_service.sessions.refresh_tokens import use_refresh_token
from auth_service.sessions.schemas import GrantQuery, tell_user
from auth_service.sessions.signed_in import SessionOrKey, kept_headers
from auth_service.settings import Settings
from auth_service.tokens.issuer import mint
from auth_service.tokens.schemas import (
    AuthJwtBody,
    KeySetBody,
    RefreshBody,
    RefreshedBody,
    TokenBody,
)
from auth_service.wire import JSON, query_members, validate

router = APIRouter(tags=["tokens"])

_UNAUTHORIZED = {"error": "Unauthorized"}
_NOBODY = frozenset({401, 403})


@router.get(
    "/jwt",
    response_model=TokenBody,
    responses={401: {"description": '`{"error": "Unauthorized"}`: there is no session'}},
    openapi_extra=documented_query(GrantQuery),
)
async def get_jwt(request: Request) -> Response:
    """Exchange the session for a JWT, and a refresh token where one is asked for."""
    # Called without FastAPI, see auth_service/direct.py; so it asks for nothing but the request.
    resources = resources_of(request)
    now = moment_of(resources)
    asking = _asking(request)
    shown = await _shown(request, resources)
    found = await look_up(shown, resources, now) if shown else SessionLookup(None)
    if shown is None or found.session is None:
        # This route is the application's own, so its refusal is not in Better Auth's words.
        response: Response = JSONResponse(_UNAUTHORIZED, status_code=401)
        for name, value in (NOT_STORED, *found.headers):
            response.headers.append(name, value)
        return response
    granted = await _granted(asking, found.session, shown, resources, now) if asking else None
    token = _minted(found.session, resources.settings, now, shown=shown)
    members = _token_members(found.session.user, token, granted, resources.settings)
    return told(members, (NOT_STORED, *found.headers, *(granted.headers if granted else ())))


@router.get("/token", response_model=AuthJwtBody)
async def get_token(live: SessionOrKey, shown: Shown, resources: Res, now: Now) -> Response:
    """Exchange the session for a token of 15 minutes that the keys of `/jwks` check."""
    origin = resources.settings.origin
    lifetime = shown.lifetime(LIFETIME, now)
    token = await mint_auth_jwt(
        live.session, resources.keyring, origin=origin, now=now, lifetime=lifetime
    )
    return reply(AuthJwtBody(token=token), (NOT_STORED, *live.headers))


@router.get("/jwks", response_model=KeySetBody)
async def get_jwks(resources: Res, now: Now) -> Response:
    """List the public keys that check the tokens of `/token` (RFC 7517)."""
    return told({"keys": await resources.keyring.listed(now)})


@router.post("/sign-up", response_model=TokenBody, openapi_extra=SIGN_UP_DOCS)
async def sign_up_for_token(signed_in: NewAccount, resources: Res, now: Now) -> Response:
    """Create a user, sign them in, and answer with a JWT instead of the session's token."""
    return _signed_in(signed_in, resources, now)


@router.post("/sign-in", response_model=TokenBody, openapi_extra=SIGN_IN_DOCS)
async def sign_in_for_token(signed_in: NewSession, resources: Res, now: Now) -> Response:
    """Sign a user in, and answer with a JWT instead of the session's token."""
    return _signed_in(signed_in, resources, now)


@router.post(
    REFRESH_PATH,
    response_model=RefreshedBody,
    openapi_extra=documented(RefreshBody, JSON, required=False),
)
async def refresh(
    body: Annotated[RefreshBody, Depends(checked_body(RefreshBody, optional=True))],
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Exchange a refresh token, of the body or else the cookie, for a JWT and the next one."""
    settings = resources.settings
    token, by_cookie = body.refresh_token, body.refresh_token is None
    if token is None:
        token = shown.cookies.get(shown.rules.full_name(REFRESH_TOKEN), "")
    try:
        with database_errors():
            refreshed = await use_refresh_token(
                resources.database,
                token,
                life=RefreshLife.of(settings),
                ip_address=caller.ip_address,
                now=now,
            )
    except Refused as refusal:
        if by_cookie and refusal.code in {Code.INVALID_TOKEN, Code.TOKEN_EXPIRED}:
            refusal.cookies = cleared_refresh_token(settings)
        raise
    given = hand_out(
        refreshed.given,
        by_cookie=by_cookie,
        remembered=shown.remembered,
        settings=settings,
        now=now,
    )
    session = refreshed.session
    # A client that holds the session's cookie is told that it lives on.
    extended = refreshed.renewed and shown.token == session.token
    kept = kept_headers(session, shown, now) if extended else ()
    members = {"token": _minted(session, settings, now), **_refresh_members(given, settings)}
    return told(members, (NOT_STORED, *kept, *given.headers))


async def _shown(request: Request, resources: Resources) -> Presented | None:
    try:
        return await presented(request, resources)
    except Refused as refusal:
        if refusal.status in _NOBODY:  # a key that does not hold is as good as no session
            return None
        raise


def _asking(request: Request) -> GrantQuery | None:
    """Return what is asked for beside the JWT; to ask is to have something stored."""
    if not request.scope["query_string"]:
        return None
    members = query_members(request.query_params.multi_items())
    query = validate(GrantQuery, members, where="query")
    if query.grant is None:
        return None
    check_navigation(request.headers)
    return query


async def _granted(
    asking: GrantQuery,
    session: StoredSession,
    shown: Presented,
    resources: Resources,
    now: datetime,
) -> Granted | None:
    async with resources.database.statements() as db:
        return await grant_refresh_token(
            db,
            asking,
            session,
            remembered=shown.remembered,
            settings=resources.settings,
            sweep=resources.sweep,
            now=now,
        )


def _signed_in(signed_in: SignedIn, resources: Resources, now: datetime) -> Response:
    user, granted = signed_in.user, signed_in.granted
    token = _minted(signed_in.session.of(user), resources.settings, now)
    members = _token_members(user, token, granted, resources.settings)
    headers = (*signed_in.headers, *(granted.headers if granted else ()))
    return told(members, (NOT_STORED, *headers))


def _minted(
    session: StoredSession, settings: Settings, now: datetime, *, shown: Presented | None = None
) -> str:
    secret, lifetime = settings.token_secrets[0], settings.jwt_expires_in
    if shown is not None:
        lifetime = shown.lifetime(lifetime, now)
    return mint(session.user, session.id, secret=secret, now=now, lifetime=lifetime)


def _token_members(
    user: Profile, token: str, granted: Granted | None, settings: Settings
) -> dict[str, object]:
    members: dict[str, object] = {"token": token, "user": tell_user(user)}
    return members | _refresh_members(granted, settings) if granted else members


def _refresh_members(granted: Granted, settings: Settings) -> dict[str, object]:
    lifetime: dict[str, object] = {"expiresIn": int(settings.jwt_expires_in.total_seconds())}
    given = granted.refresh_token
    return lifetime if given is None else {"refreshToken": given} | lifetime
