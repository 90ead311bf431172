"""The doors of a signed-in user's own account: profile, password, ways to sign in."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from auth_service.accounts import password_change
from auth_service.accounts.backoff import Attempt
from auth_service.accounts.listing import linked_accounts
from auth_service.accounts.password_change import PasswordChange, check_password
from auth_service.database.engine import database_errors
from auth_service.dependencies import Caller, Now, Res, checked_body
from auth_service.error_codes import Code
from auth_service.errors import PlainRefusal, Refused
from auth_service.openapi import documented
from auth_service.origins import is_falsy
from auth_service.replies import list_reply, reply
from auth_service.sessions.cookies import Header, cleared_session, together
from auth_service.sessions.current import Shown
from auth_service.sessions.schemas import StatusBody, UserBody
from auth_service.sessions.signed_in import RequiredSession, SessionOrKey, kept_headers
from auth_service.users.profile import FIELDS, update_profile
from auth_service.users.schemas import (
    AccountBody,
    ChangedPasswordBody,
    ChangePasswordBody,
    PasswordBody,
    UpdateUserBody,
)
from auth_service.wire import JSON

router = APIRouter(tags=["users"])


@router.post(
    "/update-user", response_model=StatusBody, openapi_extra=documented(UpdateUserBody, JSON)
)
async def update_user(
    body: Annotated[UpdateUserBody, Depends(checked_body(UpdateUserBody))],
    live: SessionOrKey,
    shown: Shown,
    resources: Res,
    now: Now,
) -> Response:
    """Change the user's profile."""
    if not is_falsy(body.email):
        raise Refused(Code.EMAIL_CAN_NOT_BE_UPDATED)
    changes = {field: getattr(body, field) for field in FIELDS if field in body.model_fields_set}
    if not changes:
        raise PlainRefusal("No fields to update")
    async with resources.database.statements() as db:
        user = await update_profile(db, live.session.user_id, changes, now)
    if user is None:  # deleted since the session was found
        raise Refused(Code.UNAUTHORIZED, cookies=cleared_session(shown.rules, shown.cookies))
    kept = kept_headers(replace(live.session, user=user), shown, now)
    return _done(together(live.headers, kept))


@router.post(
    "/change-password",
    response_model=ChangedPasswordBody,
    openapi_extra=documented(ChangePasswordBody, JSON),
)
async def change_password(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    body: Annotated[ChangePasswordBody, Depends(checked_body(ChangePasswordBody))],
    live: RequiredSession,
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Change the user's password, and end their other sessions where that is asked for."""
    user = live.session.user
    change = PasswordChange(
        user_id=user.id,
        current=body.current_password,
        new=body.new_password,
        revoke_sessions=bool(body.revoke_other_sessions),
        ip_address=caller.ip_address,
        user_agent=caller.user_agent,
    )
    attempt = Attempt(resources.limits, user.email.lower(), caller.ip_address)
    with database_errors():
        started = await password_change.change_password(
            resources.database,
            resources.sessionmaker,
            resources.passwords,
            attempt,
            change,
            now=now,
        )
    token, headers = None, live.headers
    if started is not None:
        token = started.token
        headers = together(headers, kept_headers(started.of(user), shown, now))
    return reply(ChangedPasswordBody(token=token, user=UserBody.model_validate(user)), headers)


@router.post(
    "/verify-password", response_model=StatusBody, openapi_extra=documented(PasswordBody, JSON)
)
async def verify_password(
    body: Annotated[PasswordBody, Depends(checked_body(PasswordBody))],
    live: RequiredSession,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Tell whether a password is the user's."""
    user = live.session.user
    attempt = Attempt(resources.limits, user.email.lower(), caller.ip_address)
    with database_errors():
        await check_password(
            resources.database, resources.passwords, attempt, user.id, body.password, now=now
        )
    return _done(live.headers)


@router.get("/list-accounts", response_model=list[AccountBody])
async def list_accounts(live: SessionOrKey, resources: Res) -> Response:
    """Tell the ways in which the user signs in."""
    async with resources.database.statements() as db:
        accounts = await linked_accounts(db, live.session.user_id)
    return list_reply([AccountBody.model_validate(account) for account in accounts], live.headers)


def _done(headers: tuple[Header, ...]) -> Response:
    return reply(StatusBody(status=True), headers)
