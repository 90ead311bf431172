"""Keys as verifiers get them, and tokens as verifiers check them: by PyJWT, not by us."""

from typing import Any

import jwt

from tests.auth_service.service import Service

ORIGIN = "http://localhost:3001"


async def key_set(service: Service) -> list[dict[str, Any]]:
    reply = await service.client.get("/api/auth/jwks")
    assert reply.status_code == 200
    keys: list[dict[str, Any]] = reply.json()["keys"]
    return keys


def checked(token: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the claims of a token that one of the keys has signed; the tests' clock stands."""
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = (key for key in keys if key["kid"] == kid)
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["EdDSA"],
        issuer=ORIGIN,
        audience=ORIGIN,
        options={"verify_exp": False, "verify_iat": False},
    )
    return claims
