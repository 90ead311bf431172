"""Google: OpenID Connect at addresses known beforehand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth_service.oauth.id_tokens import (
    IdTokenRules,
    profile_of,
    unverified_claims,
    verified_claims,
)
from auth_service.oauth.provider import (
    Doors,
    OAuthClient,
    Provider,
    ProviderProfile,
    ProviderRefused,
    ProviderTokens,
)
from auth_service.oauth_settings import OAuthSettings
from auth_service.web_client import WebClient

GOOGLE = "https://accounts.google.com"
_AGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Google:
    """Google, or a server that speaks as Google does.

    Attributes:
        client: This site as Google knows it.
        base_url: Google's own accounts server, or the one address of everything.
    """

    client: OAuthClient
    base_url: str = GOOGLE
    id: str = "google"
    scopes: tuple[str, ...] = ("email", "profile", "openid")
    extra: tuple[tuple[str, str], ...] = (("include_granted_scopes", "true"),)
    takes_id_tokens: bool = True
    uses_nonce: bool = False

    async def doors(self, _web: WebClient) -> Doors:
        """Tell where Google is asked."""
        token = "https://oauth2.googleapis.com" if self.base_url == GOOGLE else self.base_url
        return Doors(
            authorize=f"{self.base_url}/o/oauth2/v2/auth",
            token=f"{token}/token",
            issuer=self.base_url,
        )

    async def vouched(
        self, web: WebClient, tokens: ProviderTokens, nonce: str | None, now: datetime
    ) -> ProviderProfile:
        """Tell whom the id token is about that came with the tokens."""
        if tokens.id_token is None:
            raise ProviderRefused("NoIdToken")
        return await self.read_id_token(web, tokens.id_token, nonce, now)

    async def read_id_token(
        self, web: WebClient, token: str, nonce: str | None, now: datetime
    ) -> ProviderProfile:
        """Tell whom an id token is about."""
        return profile_of(await verified_claims(web, token, self._rules, nonce, now))

    async def current(self, _web: WebClient, tokens: ProviderTokens) -> ProviderProfile:
        """Tell what the stored id token says, as Better Auth does."""
        return profile_of(unverified_claims(tokens.id_token or ""))

    @property
    def _rules(self) -> IdTokenRules:
        own = self.base_url == GOOGLE
        keys = "https://www.googleapis.com" if own else self.base_url
        return IdTokenRules(
            key_set=f"{keys}/oauth2/v3/certs",
            issuers=(GOOGLE, "accounts.google.com") if own else (self.base_url,),
            audience=self.client.id,
            algorithms=("RS256",),
            age=_AGE,
        )


def offered(settings: OAuthSettings) -> Iterable[Provider]:
    """Return Google, if the settings ask for it."""
    secret = settings.google_client_secret
    if settings.google_client_id and secret:
        client = OAuthClient(settings.google_client_id, secret.get_secret_value())
        yield Google(client, settings.google_base_url)
