"""The doors by which readers come back from a provider."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.responses import Response

from auth_service.callbacks import encoded, with_error
from auth_service.database.engine import database_errors
from auth_service.dependencies import Caller, Now, Res, checked_body, checked_query
from auth_service.errors import Refused
from auth_service.oauth.callback import CallbackRefused, Reply, callback_url, come_back
from auth_service.oauth.schemas import CallbackQuery
from auth_service.oauth.state import STATE, StateMismatch, cleared_state, spend
from auth_service.openapi import documented, documented_query
from auth_service.replies import redirect
from auth_service.sessions.cookies import signed_cookie
from auth_service.sessions.current import Shown, started_headers
from auth_service.wire import FORM, JSON

log = structlog.get_logger(__name__)
router = APIRouter(tags=["oauth"])


@router.post(
    "/callback/{provider_id}",
    status_code=302,
    response_class=Response,
    openapi_extra=documented(CallbackQuery, FORM, JSON, required=False),
)
async def callback_by_form(
    provider_id: str,
    body: Annotated[CallbackQuery, Depends(checked_body(CallbackQuery, FORM, JSON, optional=True))],
    query: Annotated[CallbackQuery, Depends(checked_query(CallbackQuery))],
    resources: Res,
) -> Response:
    """Have a browser that brings a provider's reply as a form come again, with its cookies.

    A form of another site comes without them, for they are SameSite=Lax.
    """
    said = body.model_dump(exclude_none=True) | query.model_dump(exclude_none=True)
    inorder = [(name, said[name]) for name in CallbackQuery.model_fields if name in said]
    return redirect(f"{callback_url(resources, provider_id)}?{encoded(inorder)}")


@router.get(
    "/callback/{provider_id}",
    status_code=302,
    response_class=Response,
    openapi_extra=documented_query(CallbackQuery),
)
async def callback(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    provider_id: str,
    query: Annotated[CallbackQuery, Depends(checked_query(CallbackQuery))],
    caller: Caller,
    shown: Shown,
    resources: Res,
    now: Now,
) -> Response:
    """Sign in, or link, a reader whom a provider sends back."""
    error_page = f"{resources.settings.auth_url}/error"
    if not query.state:
        return redirect(with_error(error_page, "state_not_found"))
    kept = signed_cookie(shown.cookies, STATE, shown.rules)
    try:
        with database_errors():
            state = await spend(resources.database, query.state, kept, now)
    except StateMismatch as mismatch:
        log.info("oauth_refused", error="state_mismatch")
        return redirect(with_error(mismatch.error_url or error_page, "state_mismatch"))
    headers = cleared_state(shown.rules)
    answer = Reply(
        provider_id=provider_id,
        code=query.code,
        error=query.error,
        error_description=query.error_description,
        issuer=query.iss,
        redirect_uri=callback_url(resources, provider_id),
    )
    try:
        back = await come_back(
            resources,
            answer,
            state,
            caller=caller,
            now=now,
        )
    except CallbackRefused as refusal:
        log.info("oauth_refused", error="denied" if query.error else refusal.error)
        url = with_error(state.error_url or error_page, refusal.error, refusal.description)
        return redirect(url, headers)
    except Refused as refusal:  # the database has gone meanwhile
        refusal.cookies = (*headers, *refusal.cookies)
        raise
    if back.signed_in is not None:
        user, session = back.signed_in
        headers = (*headers, *started_headers(session, user, shown))
    return redirect(back.url, headers)
