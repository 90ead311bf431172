"""Asking a provider for tokens: for a code, or for a refresh token (RFC 6749)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from auth_service.oauth.provider import (
    Doors,
    OAuthClient,
    Provider,
    ProviderRefused,
    ProviderTokens,
    members,
    split_scopes,
    text,
)
from auth_service.web_client import WebClient

_LONGEST = 10 * 366 * 24 * 3600  # seconds; what is beyond is no time but a mistake


async def redeem(  # noqa: PLR0913 -- a token request is its arguments
    web: WebClient,
    provider: Provider,
    doors: Doors,
    *,
    code: str,
    code_verifier: str,
    redirect_uri: str,
    now: datetime,
) -> ProviderTokens:
    """Return the tokens of a code (section 4.1.3).

    Raises:
        WebFailure: The provider does not answer, or refuses with a status.
        ProviderRefused: It refuses, or answers something else.
    """
    form = {"grant_type": "authorization_code", "code": code}
    if doors.takes_pkce:
        form["code_verifier"] = code_verifier
    form["redirect_uri"] = redirect_uri
    return await _ask(web, provider.client, doors, form, now)


async def refresh(
    web: WebClient, provider: Provider, refresh_token: str, now: datetime
) -> ProviderTokens:
    """Return the tokens of a refresh token (section 6).

    Raises:
        WebFailure, ProviderRefused: As `redeem`.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return await _ask(web, provider.client, await provider.doors(web), form, now)


async def _ask(
    web: WebClient, client: OAuthClient, doors: Doors, form: Mapping[str, str], now: datetime
) -> ProviderTokens:
    if doors.basic:
        told = await web.post(doors.token, form, basic=(client.id, client.secret))
    else:
        shown = {"client_id": client.id, "client_secret": client.secret}
        told = await web.post(doors.token, {**form, **shown})
    said = members(told)
    access_token = text(said, "access_token")
    if "error" in said or access_token is None:  # GitHub refuses with status 200
        raise ProviderRefused("NoTokens")
    return ProviderTokens(
        access_token=access_token,
        refresh_token=text(said, "refresh_token"),
        id_token=text(said, "id_token"),
        access_token_expires_at=_moment(said.get("expires_in"), now),
        refresh_token_expires_at=_moment(said.get("refresh_token_expires_in"), now),
        scopes=split_scopes(said.get("scope")),
    )


def _moment(seconds: object, now: datetime) -> datetime | None:
    """Return when a span ends; some providers write it as text."""
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdecimal():
        seconds = int(seconds[:12])
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return now + timedelta(seconds=seconds) if 0 < seconds < _LONGEST else None
