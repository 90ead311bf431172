"""A reader comes back from a provider: the checks, in Better Auth's order."""

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.audit.events import Actor
from auth_service.database.profiles import Profile
from auth_service.dependencies import Client
from auth_service.encryption import Undecipherable, decrypt, for_purpose
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.oauth.entrance import sign_in, sign_in_failed
from auth_service.oauth.linking import NotLinked, Vouched, link, session_lives
from auth_service.oauth.provider import Provider, ProviderRefused, ProviderTokens
from auth_service.oauth.providers import choose
from auth_service.oauth.state import Link, State
from auth_service.oauth.token_requests import redeem
from auth_service.resources import Resources
from auth_service.sessions.lifecycle import StartedSession
from auth_service.web_client import WebFailure

log = structlog.get_logger(__name__)

LINK_PURPOSE = "oauth-link-session-token"


class CallbackRefused(Exception):
    """A reader who comes back does not get in.

    Args:
        error: Better Auth's code of it, or the provider's own.
        description: What the provider says of it.
    """

    def __init__(self, error: str, description: str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider has sent a reader back with; "" counts as nothing.

    Attributes:
        provider_id: The provider, as the path names it.
        code: Becomes tokens.
        error: Why there is no code.
        error_description: The same in a sentence.
        issuer: Who says so (RFC 9207).
        redirect_uri: Where the reader has come back to, as it was told to the provider.
    """

    provider_id: str
    code: str | None = field(repr=False)
    error: str | None
    error_description: str | None
    issuer: str | None
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class CameBack:
    """Where a reader goes on to, and their session unless they had one already."""

    url: str
    signed_in: tuple[Profile, StartedSession] | None = None


def callback_url(resources: Resources, provider_id: str) -> str:
    """Return where a provider sends readers back to; it knows this address, to the letter."""
    return f"{resources.settings.auth_url}/callback/{provider_id}"


async def come_back(
    resources: Resources, reply: Reply, state: State, *, caller: Client, now: datetime
) -> CameBack:
    """Sign a reader in, or link their account, once the provider's reply is proved.

    Args:
        resources: The database and the way to providers.
        reply: What the provider sent them back with.
        state: What they left with; it is spent.
        caller: Where they are.
        now: The time of the request.

    Raises:
        CallbackRefused: With the reason.
    """
    try:
        vouched = await _prove(resources, reply, state, now)
    except CallbackRefused as refusal:
        if not reply.error and state.link is None:  # a reader who changed their mind is no event
            provider_id = state.provider_id or reply.provider_id
            await sign_in_failed(resources, provider_id, refusal.error, caller, now)
        raise
    try:
        if state.link is not None:
            await _link(resources, vouched, state.link, caller, now)
            return CameBack(state.callback_url)
        entered, session = await sign_in(resources, vouched, caller, now)
    except NotLinked as error:
        raise CallbackRefused(str(error)) from error
    except Refused as refusal:
        if refusal.code is not Code.BANNED_USER:
            raise
        raise CallbackRefused(refusal.code.name, refusal.message) from refusal
    log.info("oauth_signed_in", provider=vouched.provider_id, is_new=entered.is_new)
    url = (state.new_user_url if entered.is_new else None) or state.callback_url
    return CameBack(url, (entered.user, session))


async def _prove(resources: Resources, reply: Reply, state: State, now: datetime) -> Vouched:
    """Return whom the provider vouches for; no connection to the database is held meanwhile."""
    if reply.error:
        raise CallbackRefused(reply.error, reply.error_description)
    if not reply.code:
        raise CallbackRefused("no_code")
    provider = choose(resources.settings).get(reply.provider_id)
    if provider is None:
        raise CallbackRefused("oauth_provider_not_found")
    tokens = await _redeem(resources, provider, reply, state, now)
    try:
        profile = await provider.vouched(resources.web, tokens, state.id_token_nonce, now)
    except (ProviderRefused, WebFailure) as error:
        _note(provider, error)
        raise CallbackRefused("unable_to_get_user_info") from error
    if not state.callback_url:
        raise CallbackRefused("no_callback_url")
    if state.link is None and profile.email is None:
        raise CallbackRefused("email_not_found")
    return Vouched(provider.id, profile, tokens, resources.settings.encryption_secrets)


async def _redeem(
    resources: Resources, provider: Provider, reply: Reply, state: State, now: datetime
) -> ProviderTokens:
    try:
        doors = await provider.doors(resources.web)
        # A code of one provider must never be shown to another (RFC 9700 section 4.4): the reader
        # left for this one, and the reply, where it says whose it is, is this one's.
        if state.provider_id not in {None, provider.id}:
            raise CallbackRefused("issuer_mismatch")
        if reply.issuer and doors.issuer and reply.issuer != doors.issuer:
            raise CallbackRefused("issuer_mismatch")
        if doors.names_itself and not reply.issuer:
            raise CallbackRefused("issuer_missing")
        if provider.uses_nonce and not state.id_token_nonce:
            raise CallbackRefused("nonce_binding_missing")
        return await redeem(
            resources.web,
            provider,
            doors,
            code=reply.code or "",
            code_verifier=state.code_verifier,
            redirect_uri=reply.redirect_uri,
            now=now,
        )
    except (ProviderRefused, WebFailure) as error:
        _note(provider, error)
        raise CallbackRefused("invalid_code") from error


async def _link(
    resources: Resources, vouched: Vouched, wish: Link, caller: Client, now: datetime
) -> None:
    by = Actor(wish.user_id, caller.ip_address, now)
    async with resources.transaction() as db:
        if wish.encrypted_session_token is not None:
            await _check_session(db, vouched, wish, wish.encrypted_session_token, now)
        await link(db, vouched, user_id=wish.user_id, email=wish.email, by=by)


async def _check_session(
    db: AsyncSession, vouched: Vouched, wish: Link, encrypted: str, now: datetime
) -> None:
    secrets = for_purpose(vouched.secrets, LINK_PURPOSE)
    try:
        token = decrypt(encrypted, secrets)
    except Undecipherable as error:
        raise NotLinked("unable_to_link_account") from error
    if not await session_lives(db, token, wish.user_id, now):
        raise NotLinked("unable_to_link_account")


def _note(provider: Provider, error: Exception) -> None:
    log.warning("oauth_provider_refused", provider=provider.id, reason=str(error))
