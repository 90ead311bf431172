"""The doors of sign-in with a provider: out to it, or with an id token of it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.responses import Response

from auth_service.audit.events import Actor
from auth_service.dependencies import Caller, Now, Res, checked_body
from auth_service.encryption import encrypt, for_purpose
from auth_service.error_codes import Code
from auth_service.errors import ProviderUnavailable, Refused
from auth_service.identifiers import new_code_verifier, new_state
from auth_service.oauth.authorization import Wishes, authorize_url
from auth_service.oauth.callback import LINK_PURPOSE, callback_url
from auth_service.oauth.entrance import sign_in, sign_in_failed
from auth_service.oauth.linking import NotLinked, Vouched, link, relink
from auth_service.oauth.provider import Provider, ProviderRefused, ProviderTokens
from auth_service.oauth.providers import choose
from auth_service.oauth.schemas import (
    IdTokenBody,
    LinkedBody,
    RedirectBody,
    SignedInBody,
    SocialBody,
)
from auth_service.oauth.state import (
    Link,
    State,
    remember,
    state_cookie,
)
from auth_service.openapi import documented
from auth_service.replies import location, reply
from auth_service.resources import Resources
from auth_service.sessions.cookies import CookieRules, Header
from auth_service.sessions.current import Shown, started_headers
from auth_service.sessions.lifecycle import StoredSession
from auth_service.sessions.schemas import UserBody
from auth_service.sessions.signed_in import RequiredSession
from auth_service.web_client import WebFailure
from auth_service.wire import JSON

log = structlog.get_logger(__name__)
router = APIRouter(tags=["oauth"])

_SOCIAL = documented(SocialBody, JSON)
_SocialBody = Annotated[SocialBody, Depends(checked_body(SocialBody))]


@router.post("/sign-in/social", response_model=SignedInBody, openapi_extra=_SOCIAL)
async def sign_in_social(
    body: _SocialBody, caller: Caller, shown: Shown, resources: Res, now: Now
) -> Response:
    """Tell where to sign in with a provider, or sign in with an id token of it."""
    provider = _provider(resources, body.provider)
    if body.id_token is None:
        return await _send_off(
            body, provider, None, rules=shown.rules, resources=resources, now=now
        )
    try:
        vouched = await _vouched(body.id_token, provider, resources, now)
    except Refused as refusal:
        if refusal.code is Code.INVALID_TOKEN:
            await sign_in_failed(resources, provider.id, "invalid_token", caller, now)
        raise
    try:
        entered, session = await sign_in(resources, vouched, caller, now)
    except NotLinked as error:
        # The sentence is the code with spaces, as Better Auth says it here.
        raise Refused(Code.OAUTH_LINK_ERROR, str(error).replace("_", " ")) from error
    user = UserBody.model_validate(entered.user)
    signed_in = SignedInBody(redirect=False, token=session.token, user=user)
    return reply(signed_in, started_headers(session, entered.user, shown))


@router.post("/link-social", response_model=LinkedBody, openapi_extra=_SOCIAL)
async def link_social(  # noqa: PLR0913 -- a route asks for what it uses
    *,
    body: _SocialBody,
    live: RequiredSession,
    caller: Caller,
    shown: Shown,
    resources: Res,
    now: Now,
) -> Response:
    """Tell where to link an account of a provider, or link the one of an id token."""
    provider = _provider(resources, body.provider)
    session = live.session
    if body.id_token is None:
        return await _send_off(
            body,
            provider,
            session,
            rules=shown.rules,
            resources=resources,
            now=now,
            headers=live.headers,
        )
    vouched = await _vouched(body.id_token, provider, resources, now)
    # What a caller adds to an id token says nothing of what it is good for.
    vouched = replace(vouched, tokens=replace(vouched.tokens, scopes=()))
    async with resources.transaction() as db:
        try:
            if not await relink(db, vouched, user_id=session.user_id, now=now):
                email, by = session.user.email, Actor(session.user_id, caller.ip_address, now)
                await link(db, vouched, user_id=session.user_id, email=email, by=by)
        except NotLinked as error:
            raise Refused(_LINKING[str(error)]) from error
    return reply(LinkedBody(url="", status=True, redirect=False), live.headers)


_LINKING = {
    "account_already_linked_to_different_user": Code.SOCIAL_ACCOUNT_ALREADY_LINKED,
    "email_does_not_match": Code.LINKING_DIFFERENT_EMAILS_NOT_ALLOWED,
    "internal_server_error": Code.INTERNAL_SERVER_ERROR,
    "unable_to_link_account": Code.LINKING_NOT_ALLOWED,
}
"""What linking refuses, as the routes say it that link at once."""


def _provider(resources: Resources, name: str) -> Provider:
    provider = choose(resources.settings).get(name)
    if provider is None:
        raise Refused(Code.PROVIDER_NOT_FOUND)
    return provider


async def _send_off(  # noqa: PLR0913 -- what the two routes that send readers off have in common
    body: SocialBody,
    provider: Provider,
    session: StoredSession | None,
    *,
    rules: CookieRules,
    resources: Resources,
    now: datetime,
    headers: tuple[Header, ...] = (),
) -> Response:
    """Remember a reader and tell where they are to go; with a session, to link an account."""
    try:
        doors = await provider.doors(resources.web)
    except (ProviderRefused, WebFailure) as error:
        log.warning("oauth_provider_refused", provider=provider.id, reason=str(error))
        raise ProviderUnavailable from error
    nonce = new_state() if provider.uses_nonce else None
    state = State(
        callback_url=body.callback_url or resources.settings.base_url,
        code_verifier=new_code_verifier(),
        error_url=body.error_callback_url or None,
        new_user_url=body.new_user_callback_url or None,
        request_sign_up=body.request_sign_up,
        provider_id=provider.id,
        id_token_nonce=nonce,
        link=None if session is None else _link(session, resources),
    )
    async with resources.database.statements() as db:
        await resources.sweep(db, now)
        token = await remember(db, state, body.additional_data or {}, now)
    wishes = Wishes(body.scopes or (), body.login_hint, body.additional_params or {})
    url = authorize_url(
        provider,
        doors,
        wishes,
        state=token,
        redirect_uri=callback_url(resources, provider.id),
        code_verifier=state.code_verifier,
        nonce=nonce,
    )
    followed = () if body.disable_redirect else (("location", location(url)),)
    told = RedirectBody(url=url, redirect=not body.disable_redirect)
    return reply(told, (*followed, *headers, state_cookie(token, rules)))


def _link(session: StoredSession, resources: Resources) -> Link:
    secrets = for_purpose(resources.settings.encryption_secrets, LINK_PURPOSE)
    return Link(
        user_id=session.user_id,
        email=session.user.email,
        encrypted_session_token=encrypt(session.token, secrets),
    )


async def _vouched(
    body: IdTokenBody, provider: Provider, resources: Resources, now: datetime
) -> Vouched:
    """Return whom an id token is about that a reader has brought.

    Raises:
        Refused: ID_TOKEN_NOT_SUPPORTED, INVALID_TOKEN or USER_EMAIL_NOT_FOUND.
        ProviderUnavailable: It cannot be verified now.
    """
    if not provider.takes_id_tokens:
        raise Refused(Code.ID_TOKEN_NOT_SUPPORTED)
    try:
        profile = await provider.read_id_token(resources.web, body.token, body.nonce, now)
    except ProviderRefused as error:
        log.warning("oauth_provider_refused", provider=provider.id, reason=str(error))
        raise Refused(Code.INVALID_TOKEN) from error
    except WebFailure as error:
        raise ProviderUnavailable from error
    if profile.email is None:
        raise Refused(Code.USER_EMAIL_NOT_FOUND)
    tokens = ProviderTokens(
        access_token=body.access_token, refresh_token=body.refresh_token, id_token=body.token
    )
    return Vouched(provider.id, profile, tokens, resources.settings.encryption_secrets)
