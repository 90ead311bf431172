"""GitHub: OAuth 2.0 without id tokens; the user is asked for with the access token."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from auth_service.oauth.provider import (
    Doors,
    OAuthClient,
    Provider,
    ProviderProfile,
    ProviderRefused,
    ProviderTokens,
    address,
    flag,
    members,
    text,
)
from auth_service.oauth_settings import OAuthSettings
from auth_service.web_client import WebClient

GITHUB = "https://github.com"


@dataclass(frozen=True, slots=True)
class GitHub:
    """GitHub, or a GitHub Enterprise Server.

    Attributes:
        client: This site as GitHub knows it.
        base_url: Of the site; the API is elsewhere at GitHub itself, below it elsewhere.
    """

    client: OAuthClient
    base_url: str = GITHUB
    id: str = "github"
    scopes: tuple[str, ...] = ("read:user", "user:email")
    extra: tuple[tuple[str, str], ...] = ()
    takes_id_tokens: bool = False
    uses_nonce: bool = False

    async def doors(self, _web: WebClient) -> Doors:
        """Tell where GitHub is asked."""
        return Doors(
            authorize=f"{self.base_url}/login/oauth/authorize",
            token=f"{self.base_url}/login/oauth/access_token",
        )

    async def vouched(
        self, web: WebClient, tokens: ProviderTokens, _nonce: str | None, _now: datetime
    ) -> ProviderProfile:
        """Tell whose access token it is."""
        return await self.current(web, tokens)

    async def read_id_token(
        self, _web: WebClient, _token: str, _nonce: str | None, _now: datetime
    ) -> ProviderProfile:
        """Refuse: GitHub has no id tokens."""
        raise ProviderRefused("NoIdTokens")

    async def current(self, web: WebClient, tokens: ProviderTokens) -> ProviderProfile:
        """Tell whose access token it is.

        The address is the public one, else the primary one; whether it is verified stands in the
        list of addresses alone.
        """
        if tokens.access_token is None:
            raise ProviderRefused("NoAccessToken")
        api = "https://api.github.com" if self.base_url == GITHUB else f"{self.base_url}/api/v3"
        user = members(await web.get(f"{api}/user", bearer=tokens.access_token))
        number = user.get("id")
        if isinstance(number, bool) or not isinstance(number, int):
            raise ProviderRefused("NoId")
        listed = await web.get(f"{api}/user/emails", bearer=tokens.access_token)
        email, verified = _address(text(user, "email"), listed)
        return ProviderProfile(
            account_id=str(number),
            email=email,
            email_verified=verified,
            name=text(user, "name") or text(user, "login") or "",
            image=text(user, "avatar_url"),
            data={**user, "email": email},
        )


def _address(public: str | None, listed: object) -> tuple[str | None, bool]:
    every = listed if isinstance(listed, list) else []
    entries = [each for each in every if isinstance(each, dict)]
    primary = next((each for each in entries if each.get("primary") is True), None)
    chosen = public or text(primary or next(iter(entries), {}), "email")
    email = address(chosen)
    verified = any(
        flag(each.get("verified")) and address(text(each, "email")) == email for each in entries
    )
    return email, email is not None and verified


def offered(settings: OAuthSettings) -> Iterable[Provider]:
    """Return GitHub, if the settings ask for it."""
    secret = settings.github_client_secret
    if settings.github_client_id and secret:
        client = OAuthClient(settings.github_client_id, secret.get_secret_value())
        yield GitHub(client, settings.github_base_url)
