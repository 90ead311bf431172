"""A real authorization server on loopback: Authlib's, with the doors of three kinds of providers.

It asks nobody: `person` agrees at once, and None denies. What goes wrong is written down by the
test, by path. Redirects, codes, PKCE, client authentication and id tokens are Authlib's own.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    OAuth2Request,
    grants,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.loopback import serving

CLIENT_ID = "book"
CLIENT_SECRET = "secret-of-the-book"

Fault = Callable[[], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account at the provider."""

    sub: str = "248289761001"
    name: str = "Mina at the provider"
    email: str | None = "mina@example.com"
    email_verified: object = True
    picture: str = "https://pictures.example/mina.png"


@dataclass(slots=True)
class Grant:
    """A code, or an access and refresh token, and what they are good for."""

    code: str
    redirect_uri: str
    scope: str
    person: Person
    nonce: str | None = None
    challenge: str | None = None
    access_token: str = ""
    refresh_token: str = ""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    get_acr = get_amr = get_auth_time

    def check_client(self, client: "Client") -> bool:
        return client.get_client_id() == CLIENT_ID


class Client(ClientMixin):  # type: ignore[misc] # Authlib is not typed
    """The site, as the provider knows it."""

    def __init__(self, redirect_uris: tuple[str, ...] | None) -> None:
        self.redirect_uris = redirect_uris

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return self.redirect_uris is None or redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}


@lru_cache
def new_keys(kid: str, _number: int = 0) -> KeySet:
    """A key set; of one name as many as there are numbers."""
    return KeySet([RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})])


@dataclass
class Provider:
    """The server, what a test makes of it, and what it was asked.

    Attributes:
        url: Its address, and its issuer.
        person: Who is at the browser; None denies.
        claims: What id tokens say instead of the truth.
        faults: What goes wrong, by path.
        asked: How often each path was.
        now: The time by which id tokens are made.
        configuration: Members of the configuration that differ.
        userinfo: Members of what it says of its user that differ.
        token_extra: Members of token replies that differ.
        signs_with: The key of its id tokens, if it is not the published one.
        redirect_uris: Where it sends readers back to; None: anywhere.
    """

    url: str = ""
    person: Person | None = field(default_factory=Person)
    claims: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    now: Callable[[], float] = time.time
    configuration: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    token_extra: dict[str, Any] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    keys: KeySet = field(default_factory=partial(new_keys, "first"))
    signs_with: RSAKey | None = None
    redirect_uris: tuple[str, ...] | None = None
    authlib: "Server" = field(init=False)

    def __post_init__(self) -> None:
        self.authlib = Server(self)

    def id_token(self, **claims: object) -> str:
        """An id token the person got by themselves, such as in an app."""
        person = self.person
        assert person is not None
        now = int(self.now())
        signing = self.keys.keys[0]
        header = {"alg": "RS256", "kid": signing.kid}
        said = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 3600,
            **person_claims(person),
            **claims,
        }
        known = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(header, known, signing, ["RS256"])

    def grant_of(self, header: str | None) -> Grant | None:
        token = (header or "").removeprefix("Bearer ")
        return next((each for each in self.grants if token and each.access_token == token), None)


def person_claims(person: Person) -> dict[str, object]:
    said = {
        "sub": person.sub,
        "name": person.name,
        "email": person.email,
        "email_verified": person.email_verified,
        "picture": person.picture,
    }
    return {name: value for name, value in said.items() if value is not None}


class Server(AuthorizationServer):  # type: ignore[misc] # as above
    """Authlib's server on Starlette's requests."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider
        tokens = BearerTokenGenerator(
            lambda **_: secrets.token_hex(20),  # the form GitHub's once had: it looks like hex
            lambda **_: secrets.token_urlsafe(24),
            lambda *_: 3600,
        )
        self.register_token_generator("default", tokens)
        self.register_grant(CodeGrant, [CodeChallenge(required=False), IdToken(provider)])
        self.register_grant(RefreshGrant)

    def query_client(self, client_id: str) -> Client | None:
        return Client(self.provider.redirect_uris) if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        grant = request.authorization_code or request.refresh_token
        grant.access_token = token["access_token"]
        grant.refresh_token = token.get("refresh_token", grant.refresh_token)
        token.update(self.provider.token_extra)

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(
        self, status: int, body: object, headers: list[tuple[str, str]]
    ) -> Response:
        if isinstance(body, dict):
            return JSONResponse(body, status, dict(headers))
        return Response(body, status, dict(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc] # as above
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    @property
    def provider(self) -> Provider:
        found: Provider = self.server.provider
        return found

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        asked = request.payload.data
        self.provider.grants.append(
            Grant(
                code=code,
                redirect_uri=asked["redirect_uri"],
                scope=asked["scope"],
                person=request.user,
                nonce=asked.get("nonce"),
                challenge=asked.get("code_challenge"),
            )
        )

    def query_authorization_code(self, code: str, _client: Client) -> Grant | None:
        return next((each for each in self.provider.grants if each.code == code), None)

    def delete_authorization_code(self, authorization_code: Grant) -> None:
        authorization_code.code = ""

    def authenticate_user(self, authorization_code: Grant) -> Person:
        return authorization_code.person


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc] # as above
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Grant | None:
        kept: list[Grant] = self.server.provider.grants
        return next((each for each in kept if each.refresh_token == refresh_token), None)

    def authenticate_user(self, refresh_token: Grant) -> Person:
        return refresh_token.person

    def revoke_old_credential(self, refresh_token: Grant) -> None:
        """The new tokens have taken its place already."""


# Authlib asks a grant's code for these; here the grant is the code.
CodeChallenge.get_authorization_code_challenge = lambda _self, grant: grant.challenge
CodeChallenge.get_authorization_code_challenge_method = lambda _self, _grant: "S256"


class IdToken(OpenIDCode):  # type: ignore[misc] # as above
    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=False)
        self.provider = provider

    def exists_nonce(self, _nonce: str, _request: OAuth2Request) -> bool:
        return False

    def resolve_client_private_key(self, _client: Client) -> RSAKey:
        key = self.provider.signs_with or self.provider.keys.keys[0]
        assert isinstance(key, RSAKey)
        return key

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": "RS256", "kid": self.resolve_client_private_key(client).kid or ""}

    def get_client_claims(self, _client: Client) -> dict[str, Any]:
        now = int(self.provider.now())
        return {"iss": self.provider.url, "aud": CLIENT_ID, "iat": now, "exp": now + 3600}

    def generate_user_info(self, user: Person, _scope: str) -> dict[str, object]:
        return {**person_claims(user), **self.provider.claims}


async def asked(request: Request) -> OAuth2Request:
    """Return a request as Authlib wants it."""
    form = dict(parse_qsl((await request.body()).decode()))

    class Asked(OAuth2Request):  # type: ignore[misc] # as above
        pass

    Asked.args, Asked.form = dict(request.query_params), form
    # On loopback there is no TLS; Authlib would refuse it.
    made = Asked(request.method, f"https://provider{request.url.path}", headers=request.headers)
    made.payload = BasicOAuth2Payload({**request.query_params, **form})
    return made


async def configuration(provider: Provider, _request: Request) -> Response:
    said = {
        "issuer": provider.url,
        "authorization_endpoint": f"{provider.url}/authorize",
        "token_endpoint": f"{provider.url}/token",
        "jwks_uri": f"{provider.url}/jwks",
        "userinfo_endpoint": f"{provider.url}/userinfo",
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        **provider.configuration,
    }
    return JSONResponse({name: it for name, it in said.items() if it is not None})


async def authorize(provider: Provider, request: Request) -> Response:
    question = await asked(request)
    server = provider.authlib
    grant = server.get_consent_grant(question, provider.person)
    question.user = provider.person
    answer: Response = server.create_authorization_response(
        question, grant_user=provider.person, grant=grant
    )
    if provider.configuration.get("authorization_response_iss_parameter_supported"):
        answer.headers["location"] += f"&iss={provider.url}"
    return answer


async def token(provider: Provider, request: Request) -> Response:
    answer: Response = provider.authlib.create_token_response(await asked(request))
    if request.url.path.endswith("access_token"):
        answer.status_code = 200  # GitHub says its errors so
    return answer


async def keys(provider: Provider, _request: Request) -> Response:
    return JSONResponse(provider.keys.as_dict(private=False))


async def userinfo(provider: Provider, request: Request) -> Response:
    grant = provider.grant_of(request.headers.get("authorization"))
    if grant is None:
        return JSONResponse({"error": "invalid_token"}, 401)
    return JSONResponse({**person_claims(grant.person), **provider.userinfo})


async def github_user(provider: Provider, request: Request) -> Response:
    grant = provider.grant_of(request.headers.get("authorization"))
    if grant is None:
        return JSONResponse({"message": "Bad credentials"}, 401)
    person = grant.person
    user = {"id": int(person.sub), "login": "mina", "name": None, "email": None}
    return JSONResponse({**user, "avatar_url": person.picture, **provider.userinfo})


async def github_emails(provider: Provider, request: Request) -> Response:
    grant = provider.grant_of(request.headers.get("authorization"))
    assert grant is not None
    person = grant.person
    own = {"email": person.email, "primary": True, "verified": person.email_verified}
    other = {"email": "work@example.com", "primary": False, "verified": False}
    return JSONResponse([other, own] if person.email else [])


def app(provider: Provider) -> Starlette:
    def door(
        path: str, answer: Callable[[Provider, Request], Awaitable[Response]], *methods: str
    ) -> Route:
        async def answered(request: Request) -> Response:
            provider.asked[path] += 1
            fault = provider.faults.get(path)
            return await (fault() if fault else answer(provider, request))

        return Route(path, answered, methods=methods or ("GET",))

    return Starlette(
        routes=[
            door("/.well-known/openid-configuration", configuration),
            door("/authorize", authorize),
            door("/o/oauth2/v2/auth", authorize),
            door("/login/oauth/authorize", authorize),
            door("/token", token, "POST"),
            door("/login/oauth/access_token", token, "POST"),
            door("/jwks", keys),
            door("/oauth2/v3/certs", keys),
            door("/userinfo", userinfo),
            door("/api/v3/user", github_user),
            door("/api/v3/user/emails", github_emails),
        ]
    )


async def slow() -> Response:
    await asyncio.sleep(3)
    return JSONResponse({})


async def broken() -> Response:
    return JSONResponse({"error": "server_error"}, 500)


async def malformed() -> Response:
    return Response(b'{"access_token": ', media_type="application/json")


async def no_object() -> Response:
    return JSONResponse(["access_token"])


async def huge() -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"access_token": "'
        for _ in range(64):
            yield b"a" * 65536
        yield b'"}'

    return StreamingResponse(pieces(), media_type="application/json")


async def packed() -> Response:
    return Response(b"{}", media_type="application/json", headers={"content-encoding": "gzip"})


async def redirecting() -> Response:
    return RedirectResponse("/elsewhere", 307)


FAULTS = [slow, broken, malformed, no_object, huge, packed, redirecting]


@asynccontextmanager
async def provider_serving() -> AsyncIterator[Provider]:
    provider = Provider()
    async with serving(app(provider)) as url:
        provider.url = url
        yield provider
