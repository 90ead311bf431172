"""The doors of a user's accounts with providers: unlinking them, and their tokens."""

from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from auth_service.audit.events import Actor
from auth_service.dependencies import Caller, Now, Res, checked_body, checked_query
from auth_service.encryption import Undecipherable
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.oauth.linking import unlink
from auth_service.oauth.provider import Provider, ProviderRefused, ProviderTokens
from auth_service.oauth.provider_tokens import (
    StoredAccount,
    find_account,
    read,
    store_refreshed,
)
from auth_service.oauth.providers import choose
from auth_service.oauth.schemas import (
    AccessTokenBody,
    AccountChoice,
    AccountInfoBody,
    ProviderAccountBody,
    ProviderUserBody,
    RefreshedBody,
    UnlinkBody,
)
from auth_service.oauth.token_requests import refresh
from auth_service.openapi import documented, documented_query
from auth_service.replies import NOT_STORED, reply
from auth_service.resources import Resources
from auth_service.sessions.current import SessionLookup, Shown
from auth_service.sessions.schemas import StatusBody
from auth_service.sessions.signed_in import FreshSession, resolve
from auth_service.web_client import WebFailure
from auth_service.wire import JSON

log = structlog.get_logger(__name__)
router = APIRouter(tags=["oauth"])

_CHOICE = documented(AccountChoice, JSON)
_NOBODY: dict[int | str, dict[str, Any]] = {401: {"description": "Nobody is signed in; no body"}}
_Choice = Annotated[AccountChoice, Depends(checked_body(AccountChoice))]


async def maybe_session(request: Request, shown: Shown, resources: Res, now: Now) -> SessionLookup:
    """Find the session; these routes refuse one that is missing with an empty body."""
    return await resolve(request.query_params, shown, resources, now)


_Found = Annotated[SessionLookup, Depends(maybe_session)]


@router.post(
    "/unlink-account", response_model=StatusBody, openapi_extra=documented(UnlinkBody, JSON)
)
async def unlink_account(
    body: Annotated[UnlinkBody, Depends(checked_body(UnlinkBody))],
    live: FreshSession,
    caller: Caller,
    resources: Res,
    now: Now,
) -> Response:
    """Delete one of the user's ways to sign in, unless it is the last."""
    user_id = live.session.user_id
    by = Actor(user_id, caller.ip_address, now)
    async with resources.transaction() as db:
        unlinked = await unlink(db, user_id, body.account_id, by)
    if unlinked is None:
        raise Refused(Code.FAILED_TO_UNLINK_LAST_ACCOUNT)
    if not unlinked:
        raise Refused(Code.ACCOUNT_NOT_FOUND)
    return reply(StatusBody(status=True), live.headers)


@router.post(
    "/get-access-token", response_model=AccessTokenBody, responses=_NOBODY, openapi_extra=_CHOICE
)
async def get_access_token(choice: _Choice, found: _Found, resources: Res, now: Now) -> Response:
    """Hand out an access token of one of the user's accounts, refreshed when it ends."""
    if found.session is None:
        return _nobody(found)
    account = await _account(resources, found.session.user_id, choice)
    provider = _provider(resources, account)
    tokens = await _good_tokens(resources, account, provider, now)
    body = AccessTokenBody.model_validate(
        {
            "access_token": tokens.access_token or "",
            "scopes": account.scopes,
            **_known("access_token_expires_at", tokens.access_token_expires_at),
            **_known("id_token", tokens.id_token),
        }
    )
    return reply(body, (NOT_STORED, *found.headers))


@router.post(
    "/refresh-token", response_model=RefreshedBody, responses=_NOBODY, openapi_extra=_CHOICE
)
async def refresh_token(choice: _Choice, found: _Found, resources: Res, now: Now) -> Response:
    """Refresh the tokens of one of the user's accounts."""
    if found.session is None:
        return _nobody(found)
    account = await _account(resources, found.session.user_id, choice)
    provider = _provider(resources, account)
    if account.refresh_token is None:
        raise Refused(Code.REFRESH_TOKEN_NOT_FOUND)
    try:
        tokens = await _refreshed(resources, account, provider, now)
    except (ProviderRefused, Undecipherable, WebFailure) as error:
        _note(provider, error)
        raise Refused(Code.FAILED_TO_REFRESH_ACCESS_TOKEN) from error
    body = RefreshedBody.model_validate(
        {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            **_known("access_token_expires_at", tokens.access_token_expires_at),
            **_known("refresh_token_expires_at", tokens.refresh_token_expires_at),
            "scope": account.scope,
            "id_token": tokens.id_token,
            "provider_id": account.provider_id,
            "account_id": account.id,
        }
    )
    return reply(body, (NOT_STORED, *found.headers))


@router.get(
    "/account-info",
    response_model=AccountInfoBody,
    responses=_NOBODY,
    openapi_extra=documented_query(AccountChoice),
)
async def account_info(
    choice: Annotated[AccountChoice, Depends(checked_query(AccountChoice))],
    found: _Found,
    resources: Res,
    now: Now,
) -> Response:
    """Tell what a provider says of one of the user's accounts."""
    if found.session is None:
        return _nobody(found)
    account = await _account(resources, found.session.user_id, choice)
    provider = choose(resources.settings).get(account.provider_id)
    if provider is None:
        raise Refused(Code.PROVIDER_NOT_CONFIGURED)
    tokens = await _good_tokens(resources, account, provider, now)
    if not tokens.access_token:
        raise Refused(Code.ACCESS_TOKEN_NOT_FOUND)
    try:
        profile = await provider.current(resources.web, tokens)
    except (ProviderRefused, WebFailure) as error:
        _note(provider, error)
        raise Refused(Code.FAILED_TO_GET_USER_INFO, status=401) from error
    user = ProviderUserBody.model_validate(
        {
            "name": profile.name,
            "email": profile.email,
            **_known("image", profile.image),
            "email_verified": profile.email_verified,
        }
    )
    named = ProviderAccountBody.model_validate(account)
    body = AccountInfoBody(user=user, data=dict(profile.data), account=named)
    return reply(body, (NOT_STORED, *found.headers))


def _nobody(found: SessionLookup) -> Response:
    """Refuse in Better Auth's way: these routes say nothing but the status."""
    response = Response(status_code=401, media_type=JSON)
    for name, value in found.headers:
        response.headers.append(name, value)
    return response


async def _account(resources: Resources, user_id: str, choice: AccountChoice) -> StoredAccount:
    account = None
    if choice.account_id is not None:  # else the cookie's: no account is kept in one
        async with resources.database.statements() as db:
            account = await find_account(db, user_id, choice.account_id)
    if account is None:
        raise Refused(Code.ACCOUNT_NOT_FOUND)
    return account


def _provider(resources: Resources, account: StoredAccount) -> Provider:
    provider = choose(resources.settings).get(account.provider_id)
    if provider is None:
        said = f"Provider {account.provider_id} is not supported."
        raise Refused(Code.PROVIDER_NOT_SUPPORTED, said)
    return provider


async def _good_tokens(
    resources: Resources, account: StoredAccount, provider: Provider, now: datetime
) -> ProviderTokens:
    """Return an account's tokens, refreshed where the access token is as good as expired."""
    try:
        if account.refresh_token is not None and account.needs_refresh(now):
            return await _refreshed(resources, account, provider, now)
        return ProviderTokens(
            access_token=read(account.access_token, resources.settings.encryption_secrets),
            id_token=account.id_token,
            access_token_expires_at=account.access_token_expires_at,
        )
    except (ProviderRefused, Undecipherable, WebFailure) as error:
        _note(provider, error)
        raise Refused(Code.FAILED_TO_GET_ACCESS_TOKEN) from error


async def _refreshed(
    resources: Resources, account: StoredAccount, provider: Provider, now: datetime
) -> ProviderTokens:
    """Return new tokens, stored; what the provider did not renew is the old."""
    secrets = resources.settings.encryption_secrets
    old = read(account.refresh_token, secrets) or ""
    tokens = await refresh(resources.web, provider, old, now)
    async with resources.database.statements() as db:
        await store_refreshed(db, account, tokens, secrets, now)
    return ProviderTokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or old,
        id_token=tokens.id_token or account.id_token,
        access_token_expires_at=tokens.access_token_expires_at,
        refresh_token_expires_at=tokens.refresh_token_expires_at
        or account.refresh_token_expires_at,
    )


def _known(name: str, value: object) -> dict[str, object]:
    """Return a member that is left out where there is no value."""
    return {} if value is None else {name: value}


def _note(provider: Provider, error: Exception) -> None:
    log.warning("oauth_provider_refused", provider=provider.id, reason=str(error))
