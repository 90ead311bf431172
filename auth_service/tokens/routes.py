"""The tokens' doors: a JWT for a session, and one-call sign-in and sign-up."""

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from auth_service.accounts.routes import (
    SIGN_IN_DOCS,
    SIGN_UP_DOCS,
    NewAccount,
    NewSession,
    SignedIn,
)
from auth_service.database.profiles import Profile
from auth_service.dependencies import Now, Res, moment_of, resources_of
from auth_service.errors import Refused
from auth_service.resources import Resources
from auth_service.sessions.auth_jwt import mint_auth_jwt
from auth_service.sessions.current import SessionLookup, look_up, presented
from auth_service.sessions.schemas import tell_user
from auth_service.sessions.signed_in import SessionOrKey
from auth_service.tokens.issuer import mint
from auth_service.tokens.schemas import AuthJwtBody, KeySetBody, TokenBody
from auth_service.wire import reply, told

router = APIRouter(tags=["tokens"])

_NOT_STORED = ("cache-control", "no-store")
_NOBODY = frozenset({401, 403})


@router.get(
    "/jwt",
    response_model=TokenBody,
    responses={401: {"description": '`{"error": "Unauthorized"}`: there is no session'}},
)
async def get_jwt(request: Request) -> Response:
    """Exchange the session for a JWT."""
    # Called without FastAPI, see auth_service/direct.py; so it asks for nothing but the request.
    resources = resources_of(request)
    now = moment_of(resources)
    found = await _found(request, resources, now)
    if found.session is None:
        # This route is the application's own, so its refusal is not in Better Auth's words.
        response: Response = JSONResponse({"error": "Unauthorized"}, status_code=401)
        for name, value in (_NOT_STORED, *found.headers):
            response.headers.append(name, value)
        return response
    members = _token_members(found.session.user, found.session.id, resources, now)
    return told(members, (_NOT_STORED, *found.headers))


@router.get("/token", response_model=AuthJwtBody)
async def get_token(live: SessionOrKey, resources: Res, now: Now) -> Response:
    """Exchange the session for a token of 15 minutes that the keys of `/jwks` check."""
    origin = resources.settings.origin
    token = await mint_auth_jwt(live.session, resources.keyring, origin=origin, now=now)
    return reply(AuthJwtBody(token=token), (_NOT_STORED, *live.headers))


@router.get("/jwks", response_model=KeySetBody)
async def get_jwks(resources: Res, now: Now) -> Response:
    """List the public keys that check the tokens of `/token` (RFC 7517)."""
    return told({"keys": await resources.keyring.listed(now)})


async def _found(request: Request, resources: Resources, now: datetime) -> SessionLookup:
    try:
        shown = await presented(request, resources)
    except Refused as refusal:
        if refusal.status in _NOBODY:  # a key that does not hold is as good as no session
            return SessionLookup(None)
        raise
    return await look_up(shown, resources, now)


@router.post("/sign-up", response_model=TokenBody, openapi_extra=SIGN_UP_DOCS)
async def sign_up_for_token(signed_in: NewAccount, resources: Res, now: Now) -> Response:
    """Create a user, sign them in, and answer with a JWT instead of the session's token."""
    return _signed_in(signed_in, resources, now)


@router.post("/sign-in", response_model=TokenBody, openapi_extra=SIGN_IN_DOCS)
async def sign_in_for_token(signed_in: NewSession, resources: Res, now: Now) -> Response:
    """Sign a user in, and answer with a JWT instead of the session's token."""
    return _signed_in(signed_in, resources, now)


def _signed_in(signed_in: SignedIn, resources: Resources, now: datetime) -> Response:
    members = _token_members(signed_in.user, signed_in.session.id, resources, now)
    return told(members, (_NOT_STORED, *signed_in.headers))


def _token_members(
    user: Profile, session_id: str, resources: Resources, now: datetime
) -> dict[str, object]:
    secret = resources.settings.token_secrets[0]
    return {"token": mint(user, session_id, secret=secret, now=now), "user": tell_user(user)}
