"""Any provider that speaks OpenID Connect: Keycloak, Microsoft, a university's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth_service.oauth.id_tokens import (
    ASYMMETRIC,
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
    members,
    text,
)
from auth_service.oauth_settings import OAuthSettings, is_private_or_tls
from auth_service.web_client import WebClient

CONFIGURATION_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """A provider known by its issuer alone; the rest stands in its configuration.

    Attributes:
        id: Its name here.
        client: This site as it knows it.
        issuer: Its name for itself. Its configuration, and every token, must say the same.
    """

    id: str
    client: OAuthClient
    issuer: str
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    extra: tuple[tuple[str, str], ...] = ()
    takes_id_tokens: bool = True
    uses_nonce: bool = True

    async def doors(self, web: WebClient) -> Doors:
        """Tell where the provider is asked, as its configuration says."""
        said = await self._configuration(web)
        ways = said.get("token_endpoint_auth_methods_supported")
        pkce = said.get("code_challenge_methods_supported")
        return Doors(
            authorize=_door(said, "authorization_endpoint"),
            token=_door(said, "token_endpoint"),
            issuer=self.issuer,
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
            # One that does not say ignores what it does not know (RFC 6749 section 3.1).
            takes_pkce=not isinstance(pkce, list) or "S256" in pkce,
            # Where nothing is said it is basic (OpenID Connect Discovery 1.0 section 3).
            basic=not isinstance(ways, list) or "client_secret_post" not in ways,
        )

    async def vouched(
        self, web: WebClient, tokens: ProviderTokens, nonce: str | None, now: datetime
    ) -> ProviderProfile:
        """Tell whom the id token is about; its address may stand at the userinfo endpoint only."""
        if tokens.id_token is None or nonce is None:
            raise ProviderRefused("NoIdToken" if tokens.id_token is None else "NoNonce")
        claims = await self._claims(web, tokens.id_token, nonce, now)
        said = await self._configuration(web)
        silent = text(claims, "email") is None
        if silent and tokens.access_token and "userinfo_endpoint" in said:
            door = _door(said, "userinfo_endpoint")
            told = members(await web.get(door, bearer=tokens.access_token))
            # Another's answer would put a stranger's address to this user: section 5.3.2.
            if told.get("sub") != claims["sub"]:
                raise ProviderRefused("WrongSubject")
            both = {name: told.get(name) for name in ("email", "email_verified")}
            claims = {**told, **claims, **both}
        return profile_of(claims)

    async def read_id_token(
        self, web: WebClient, token: str, nonce: str | None, now: datetime
    ) -> ProviderProfile:
        """Tell whom an id token is about, which has to hold the nonce it was asked for with."""
        if not nonce:
            raise ProviderRefused("NoNonce")
        return profile_of(await self._claims(web, token, nonce, now))

    async def current(self, web: WebClient, tokens: ProviderTokens) -> ProviderProfile:
        """Tell what the userinfo endpoint says, or else the stored id token."""
        said = await self._configuration(web)
        if "userinfo_endpoint" in said and tokens.access_token:
            door = _door(said, "userinfo_endpoint")
            return profile_of(members(await web.get(door, bearer=tokens.access_token)))
        return profile_of(unverified_claims(tokens.id_token or ""))

    async def _claims(
        self, web: WebClient, token: str, nonce: str, now: datetime
    ) -> Mapping[str, object]:
        said = await self._configuration(web)
        offered = said.get("id_token_signing_alg_values_supported")
        known = offered if isinstance(offered, list) else ["RS256"]
        rules = IdTokenRules(
            key_set=_door(said, "jwks_uri"),
            issuers=(self.issuer,),
            audience=self.client.id,
            algorithms=tuple(name for name in ASYMMETRIC if name in known),
        )
        return await verified_claims(web, token, rules, nonce, now)

    async def _configuration(self, web: WebClient) -> Mapping[str, object]:
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        said = members(await web.kept(url, at_most=CONFIGURATION_KEPT))
        if said.get("issuer") != self.issuer:
            raise ProviderRefused("WrongIssuer")
        return said


def _door(said: Mapping[str, object], name: str) -> str:
    door = text(said, name)
    if door is None or not is_private_or_tls(door):
        raise ProviderRefused("NoDoor")
    return door


def offered(settings: OAuthSettings) -> Iterable[Provider]:
    """Return the OpenID providers of the settings."""
    for name, known in settings.oidc_clients.items():
        client = OAuthClient(known.client_id, known.client_secret.get_secret_value())
        yield OpenIdProvider(name, client, known.issuer)
