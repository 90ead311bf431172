"""The doors of mailed links: those that send them, and those that they open."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from auth_service.accounts.backoff import Attempt
from auth_service.accounts.email_tokens import EmailClaim, read_claim
from auth_service.accounts.email_verification import Links, email_mail, find_by_email, follow
from auth_service.accounts.password_reset import is_good, request_reset, reset_password
from auth_service.accounts.schemas import (
    ResetBody,
    ResetLinkQuery,
    ResetRequestBody,
    ResetRequestedBody,
    ResetTokenQuery,
    VerificationQuery,
    VerificationRequestBody,
    VerifiedBody,
)
from auth_service.callbacks import with_error, with_parameter
from auth_service.database.engine import database_errors
from auth_service.database.profiles import Profile
from auth_service.dependencies import Caller, Client, Now, Res, checked_body, checked_query
from auth_service.error_codes import Code
from auth_service.errors import Refused, Unavailable
from auth_service.mail import Mail
from auth_service.openapi import documented, documented_query
from auth_service.replies import redirect, reply
from auth_service.resources import Resources
from auth_service.sessions.cookies import Header, together
from auth_service.sessions.current import Presented, SessionLookup, Shown
from auth_service.sessions.schemas import StatusBody, UserBody
from auth_service.sessions.signed_in import kept_headers, resolve
from auth_service.wire import JSON

router = APIRouter(tags=["accounts"])

VERIFICATION_SECONDS = 0.5
"""What asking for a verification mail takes at least, so that it tells nobody who has an account;
Better Auth's value."""

RESET_SECONDS = 0.1
"""Likewise for a password reset, which for a known address writes a row."""

_REQUESTED = "If this email exists in our system, check your email for the reset link"


@router.post(
    "/request-password-reset",
    response_model=ResetRequestedBody,
    openapi_extra=documented(ResetRequestBody, JSON),
)
async def request_password_reset(
    body: Annotated[ResetRequestBody, Depends(checked_body(ResetRequestBody))],
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Mail a link that resets the password, if there is such a user; the answer is the same."""
    if resources.postbox is None:
        raise Refused(Code.RESET_PASSWORD_DISABLED)
    async with _taking_at_least(RESET_SECONDS):
        with database_errors():
            mail = await request_reset(
                resources.database,
                body.email,
                body.redirect_to,
                auth_url=resources.settings.auth_url,
                ip_address=caller.ip_address,
                now=now,
            )
        if mail is not None:
            await resources.postbox.post(mail)
    return reply(ResetRequestedBody(status=True, message=_REQUESTED))


@router.get(
    "/reset-password/{token}",
    status_code=302,
    response_class=Response,
    responses={302: {"description": "To callbackURL, with `token`, or with `error` if it is bad"}},
    openapi_extra=documented_query(ResetLinkQuery),
)
async def open_reset_link(
    token: str,
    query: Annotated[ResetLinkQuery, Depends(checked_query(ResetLinkQuery, redirects=True))],
    resources: Res,
    now: Now,
) -> Response:
    """Lead from the mail to the page that asks for the new password; the token stays good."""
    base = resources.settings.base_url
    if not query.callback_url:
        error_page = f"{resources.settings.auth_url}/error"
        return redirect(with_parameter(error_page, base, "error", Code.INVALID_TOKEN.name))
    with database_errors():
        good = "\0" not in token and await is_good(resources.database, resources.sweep, token, now)
    added = ("token", token) if good else ("error", Code.INVALID_TOKEN.name)
    return redirect(with_parameter(query.callback_url, base, *added))


@router.post(
    "/reset-password",
    response_model=StatusBody,
    openapi_extra={**documented(ResetBody, JSON), **documented_query(ResetTokenQuery)},
)
async def set_new_password(
    body: Annotated[ResetBody, Depends(checked_body(ResetBody))],
    query: Annotated[ResetTokenQuery, Depends(checked_query(ResetTokenQuery))],
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Set a new password by the token of a mail, which works once."""
    token = body.token or query.token
    if not token:
        raise Refused(Code.INVALID_TOKEN, status=400)
    with database_errors():
        email = await reset_password(
            resources.database,
            resources.sessionmaker,
            resources.passwords,
            token=token,
            new_password=body.new_password,
            ip_address=caller.ip_address,
            end_sessions=resources.settings.revoke_sessions_on_password_reset,
            now=now,
        )
    # Whoever forgot the password has tried wrong ones.
    await Attempt(resources.limits, email.lower(), caller.ip_address).start_anew()
    return reply(StatusBody(status=True))


@router.post(
    "/send-verification-email",
    response_model=StatusBody,
    openapi_extra=documented(VerificationRequestBody, JSON),
)
async def send_verification_email(
    request: Request,
    body: Annotated[VerificationRequestBody, Depends(checked_body(VerificationRequestBody))],
    shown: Shown,
    resources: Res,
    now: Now,
) -> Response:
    """Mail a link that verifies an address.

    Without a session the answer tells nothing; with one, the address must be the user's own.
    """
    postbox = resources.postbox
    if postbox is None:
        raise Refused(Code.VERIFICATION_EMAIL_NOT_ENABLED)
    # A copy may be of a session that has ended: mail is sent to users who are signed in.
    found = await resolve(request.query_params, shown, resources, now)
    if found.session is not None:
        user = _unverified(found.session.user, body.email, found.headers)
        await postbox.post(_verification_mail(user, body, resources, now))
        return reply(StatusBody(status=True), found.headers)
    async with _taking_at_least(VERIFICATION_SECONDS):
        async with resources.database.statements() as db:
            known = await find_by_email(db, body.email)
        if known is not None and not known.email_verified:
            await postbox.post(_verification_mail(known, body, resources, now))
    return reply(StatusBody(status=True), found.headers)


@router.get(
    "/verify-email",
    response_model=VerifiedBody,
    responses={302: {"description": "To callbackURL where one was sent, with `error` if refused"}},
    openapi_extra=documented_query(VerificationQuery),
)
async def verify_email(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    request: Request,
    query: Annotated[VerificationQuery, Depends(checked_query(VerificationQuery, redirects=True))],
    shown: Shown,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Follow a mailed link: an address is verified, or changed, or its change is confirmed."""
    try:
        return await _follow(request, query, shown, caller, resources, now)
    except Refused as refusal:
        if not query.callback_url or isinstance(refusal, Unavailable):
            raise
        return redirect(with_error(query.callback_url, refusal.code.name), refusal.cookies)


async def _follow(  # noqa: PLR0913, PLR0917 -- as its route
    request: Request,
    query: VerificationQuery,
    shown: Presented,
    caller: Client,
    resources: Resources,
    now: datetime,
) -> Response:
    links = mailed_links(resources)
    claim = read_claim(query.token, secrets=links.secrets, now=now)
    # Only a change of address asks who follows the link: verifying works in any browser.
    is_change = claim.update_to is not None and claim.user_id is not None
    found = SessionLookup(None)
    if is_change:
        found = await resolve(request.query_params, shown, resources, now)
    async with resources.transaction() as db:
        followed = await follow(
            db,
            claim,
            links,
            caller_id=found.session.user_id if found.session else None,
            callback_url=query.callback_url,
            ip_address=caller.ip_address,
            now=now,
        )
    if followed.mail is not None and resources.postbox is not None:
        await resources.postbox.post(followed.mail)
    headers = found.headers
    if followed.user is not None and found.session is not None:
        session = replace(found.session, user=followed.user)
        headers = together(headers, kept_headers(session, shown, now))
    if query.callback_url:
        return redirect(query.callback_url, headers)
    if claim.request_type == "change-email-confirmation":
        return reply(StatusBody(status=True), headers)
    user = None if followed.user is None else UserBody.model_validate(followed.user)
    return reply(VerifiedBody(status=True, user=user), headers)


def mailed_links(resources: Resources) -> Links:
    """Return what links about addresses are made of."""
    settings = resources.settings
    return Links(settings.auth_url, settings.signing_secrets)


def _verification_mail(
    user: Profile, body: VerificationRequestBody, resources: Resources, now: datetime
) -> Mail:
    return email_mail(
        mailed_links(resources),
        EmailClaim(user.email, user.id),
        to=user.email,
        callback_url=body.callback_url,
        now=now,
    )


def _unverified(user: Profile, email: str, headers: tuple[Header, ...]) -> Profile:
    if user.email.lower() != email:
        raise Refused(Code.EMAIL_MISMATCH, cookies=headers)
    if user.email_verified:
        raise Refused(Code.EMAIL_ALREADY_VERIFIED, cookies=headers)
    return user


@asynccontextmanager
async def _taking_at_least(seconds: float) -> AsyncIterator[None]:
    """Hold the answer back until the time is up, however it turns out."""
    started = time.monotonic()
    try:
        yield
    finally:
        await asyncio.sleep(started + seconds - time.monotonic())
