"""The doors of what a user confirms by mail: a new address, the end of the account."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from auth_service.accounts.backoff import Attempt
from auth_service.accounts.mailed_routes import mailed_links
from auth_service.accounts.password_change import check_password
from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.engine import database_errors
from auth_service.dependencies import Caller, Now, Res, checked_body, checked_query
from auth_service.error_codes import Code
from auth_service.errors import PlainRefusal, Refused
from auth_service.openapi import documented, documented_query
from auth_service.replies import redirect, reply
from auth_service.resources import Resources
from auth_service.sessions.cookies import cleared_session, together
from auth_service.sessions.current import Shown
from auth_service.sessions.lifecycle import FRESH
from auth_service.sessions.schemas import StatusBody
from auth_service.sessions.signed_in import LiveSession, RequiredSession, kept_headers, resolve
from auth_service.users.deletion import delete_by_token, delete_user, request_deletion
from auth_service.users.email_change import ChangePolicy, change_email
from auth_service.users.mailed_schemas import (
    ChangeEmailBody,
    DeletedBody,
    DeleteUserBody,
    DeletionQuery,
)
from auth_service.wire import JSON

router = APIRouter(tags=["users"])

_DELETED = DeletedBody(success=True, message="User deleted")
_ON_ITS_WAY = DeletedBody(success=True, message="Verification email sent")


@router.post(
    "/change-email", response_model=StatusBody, openapi_extra=documented(ChangeEmailBody, JSON)
)
async def change_address(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    body: Annotated[ChangeEmailBody, Depends(checked_body(ChangeEmailBody))],
    live: RequiredSession,
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Change the user's address, or mail the link that does; the answer is the same."""
    if resources.settings.change_email == "off":
        raise Refused(Code.CHANGE_EMAIL_DISABLED)
    user = live.session.user
    if body.new_email == user.email:
        raise PlainRefusal("Email is the same")
    policy = _policy(resources)
    if not policy.allows(user):
        raise PlainRefusal(Code.VERIFICATION_EMAIL_NOT_ENABLED.message)
    async with resources.transaction() as db:
        changed, mail = await change_email(
            db,
            user,
            body.new_email,
            policy,
            mailed_links(resources),
            callback_url=body.callback_url,
            ip_address=caller.ip_address,
            now=now,
        )
    if mail is not None and resources.postbox is not None:
        await resources.postbox.post(mail)
    headers = live.headers
    if changed:
        session = replace(live.session, user=replace(user, email=body.new_email))
        headers = together(headers, kept_headers(session, shown, now))
    return reply(StatusBody(status=True), headers)


@router.post(
    "/delete-user", response_model=DeletedBody, openapi_extra=documented(DeleteUserBody, JSON)
)
async def delete_account(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    body: Annotated[DeleteUserBody, Depends(checked_body(DeleteUserBody))],
    live: RequiredSession,
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Delete the user's account, or mail the link that does."""
    if resources.settings.delete_user == "off":
        return Response(status_code=404)
    user = live.session.user
    by = Actor(user.id, caller.ip_address, now)
    with database_errors():
        if body.password:
            await check_password(
                resources.database,
                resources.passwords,
                Attempt(resources.limits, user.email.lower(), caller.ip_address),
                user.id,
                body.password,
                now=now,
                without=Code.CREDENTIAL_ACCOUNT_NOT_FOUND,
            )
        if resources.settings.delete_user == "mail" and not body.token:
            return await _mail_link(body, live, by, resources)
        if not body.token and not body.password and now - live.session.created_at >= FRESH:
            raise Refused(Code.SESSION_EXPIRED)
        async with resources.sessionmaker.begin() as db:
            if body.token:
                await delete_by_token(db, by, body.token)
            else:
                await delete_user(db, user.id, by)
    return reply(_DELETED, together(live.headers, cleared_session(shown.rules)))


@router.get(
    "/delete-user/callback",
    response_model=DeletedBody,
    responses={302: {"description": "To callbackURL where one was sent"}},
    openapi_extra=documented_query(DeletionQuery),
)
async def follow_deletion_link(  # noqa: PLR0913 -- as above
    *,
    request: Request,
    query: Annotated[DeletionQuery, Depends(checked_query(DeletionQuery, redirects=True))],
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Delete the user's account by the link of a mail, in the browser that is signed in."""
    if resources.settings.delete_user == "off":
        raise Refused(Code.NOT_FOUND)
    found = await resolve(request.query_params, shown, resources, now)
    if found.session is None:
        raise Refused(Code.FAILED_TO_GET_USER_INFO, cookies=found.headers)
    async with resources.transaction() as db:
        by = Actor(found.session.user_id, caller.ip_address, now)
        await delete_by_token(db, by, query.token)
    headers = together(found.headers, cleared_session(shown.rules))
    return redirect(query.callback_url, headers) if query.callback_url else reply(_DELETED, headers)


async def _mail_link(
    body: DeleteUserBody, live: LiveSession, by: Actor, resources: Resources
) -> Response:
    async with resources.sessionmaker.begin() as db:
        await record(db, Event(EventKind.DELETION_REQUESTED, by, by.id))
        mail = await request_deletion(
            db,
            live.session.user,
            body.callback_url,
            auth_url=resources.settings.auth_url,
            now=by.at,
        )
    if resources.postbox is not None:
        await resources.postbox.post(mail)
    return reply(_ON_ITS_WAY, live.headers)


def _policy(resources: Resources) -> ChangePolicy:
    chosen = resources.settings.change_email
    return ChangePolicy(
        confirmed=chosen == "confirm",
        at_once=chosen == "at-once",
        can_send=resources.postbox is not None,
    )
