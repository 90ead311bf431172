"""The session's doors: who am I, and sign-out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from auth_service.database.engine import database_errors
from auth_service.dependencies import Res, checked_body, moment_of, resources_of, same_site
from auth_service.errors import Code, Refused
from auth_service.sessions.cookies import CookieRules, cleared_session, cleared_session_data
from auth_service.sessions.current import Shown, look_up, present
from auth_service.sessions.lifecycle import end_session
from auth_service.sessions.schemas import (
    CurrentSessionBody,
    SessionBody,
    SignOutBody,
    SuccessBody,
    UserBody,
)
from auth_service.wire import JSON, documented, null_reply, reply

router = APIRouter(tags=["sessions"])

_NOT_STORED = (("cache-control", "no-store"), ("pragma", "no-cache"))


@router.get("/get-session", response_model=CurrentSessionBody | None)
async def get_session(request: Request) -> Response:
    """Say who is signed in: the session and its user, or null."""
    # Called without FastAPI, see auth_service/direct.py; so it asks for nothing but the request.
    renew = not request.query_params.get("disableRefresh")
    resources = resources_of(request)
    shown = present(request.scope, CookieRules.of(resources.settings))
    found = await look_up(shown, resources, moment_of(resources), renew=renew)
    cached = cleared_session_data(shown.cookies, shown.rules)
    if found.session is None:
        # With an ended session all its cookies are cleared, the cached one among them.
        return null_reply((*_NOT_STORED, *(found.headers or cached)))
    body = CurrentSessionBody(
        session=SessionBody.model_validate(found.session),
        user=UserBody.model_validate(found.session.user),
    )
    return reply(body, (*_NOT_STORED, *found.headers, *cached))


@router.post("/get-session", dependencies=[Depends(same_site)], include_in_schema=False)
async def post_session() -> None:
    """Refuse in Better Auth's words: here GET renews by itself."""
    raise Refused(Code.METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED, headers=dict(_NOT_STORED))


@router.post(
    "/sign-out",
    response_model=SuccessBody,
    openapi_extra=documented(SignOutBody, JSON, required=False),
)
async def sign_out(
    _body: Annotated[SignOutBody, Depends(checked_body(SignOutBody, optional=True))],
    shown: Shown,
    resources: Res,
) -> Response:
    """End the session, if there is one; its token works no more."""
    if shown.token is not None:
        with database_errors():
            async with resources.database.autocommit.begin() as db:
                await end_session(db, shown.token)
    return reply(SuccessBody(success=True), cleared_session(shown.rules))
