"""Tokens, as they are handed out and exchanged."""

from pydantic import Field

from auth_service.sessions.schemas import UserBody
from auth_service.wire import OptionalText, Wire


class TokenBody(Wire):
    """A JWT for api-service, and whom it names."""

    token: str
    user: UserBody
    refresh_token: str = Field(default="", description="Where one was asked for, as JSON.")
    expires_in: int = Field(default=0, description="The JWT's life in seconds, said likewise.")


class AuthJwtBody(Wire):
    """A token that anybody can check by the keys of `/jwks`."""

    token: str


class JwkBody(Wire):
    """A public key; which members it has depends on its kind."""

    kid: str
    alg: str
    kty: str


class KeySetBody(Wire):
    """Public keys, the newest first."""

    keys: list[JwkBody]


class RefreshBody(Wire):
    """The refresh token of a client that keeps it by itself; a browser's is in its cookie."""

    refresh_token: OptionalText = None


class RefreshedBody(Wire):
    """The next JWT, and the next refresh token unless a cookie holds it."""

    token: str
    refresh_token: str = Field(default="", description="Takes the place of the one sent.")
    expires_in: int = Field(description="The JWT's life in seconds.")
