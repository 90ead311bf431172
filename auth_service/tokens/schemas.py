"""A token, as it is handed out."""

from auth_service.sessions.schemas import UserBody
from auth_service.wire import Wire


class TokenBody(Wire):
    """A JWT for api-service, and whom it names."""

    token: str
    user: UserBody


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
