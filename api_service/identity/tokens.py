"""Who is asking: a bearer token becomes a Caller, checked here and without asking auth_service.

The two services share a secret and this list of claims, nothing else. The rules are RFC 8725's:
one algorithm, named here and never taken from the token, and issuer, audience and times required.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import jwt

from api_service.identity.caller import Caller
from api_service.problems import InvalidToken

ALGORITHM = "HS256"
ISSUER = "auth-service"
AUDIENCE = "api-service"

LEEWAY = timedelta(seconds=10)
"""How far the clocks of the two services may be apart."""

TOKEN_LENGTH = 32 * 1024
"""Longest token looked at, in characters; the longest that auth_service mints is shorter."""

_REASONS: tuple[tuple[type[jwt.InvalidTokenError], str], ...] = (
    (jwt.ExpiredSignatureError, "The token has expired."),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidSignatureError, "The token's signature does not match."),
    (jwt.InvalidAlgorithmError, "The token is signed with another algorithm than HS256."),
    (jwt.InvalidIssuerError, "The token was issued by someone else."),
    (jwt.InvalidAudienceError, "The token is meant for another service."),
    (jwt.MissingRequiredClaimError, "The token lacks a required claim."),
)
_MALFORMED = "The token is malformed."


def verify(token: str | None, *secrets: str) -> Caller:
    """Return the caller a token speaks for.

    Args:
        token: What followed "Bearer", or None without one.
        secrets: The secrets both services share, newest first; any of them may have signed it.

    Raises:
        InvalidToken: There is none, or it does not hold; the detail says why and quotes nothing.
    """
    if token is None:
        raise InvalidToken("A bearer token is required.", presented=False)
    if len(token) > TOKEN_LENGTH:
        raise InvalidToken("The token is too long.")
    try:
        return _caller(_claims(token, secrets))
    except jwt.InvalidTokenError as error:
        raise InvalidToken(_reason(error)) from error
    except (ValueError, OverflowError, OSError) as error:
        # A number no calendar holds, or text no encoding does.
        raise InvalidToken(_MALFORMED) from error


def _claims(token: str, secrets: Sequence[str]) -> Mapping[str, object]:
    mismatch = jwt.InvalidSignatureError()
    for secret in secrets:
        try:
            return jwt.decode(
                token,
                secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
        except jwt.InvalidSignatureError as error:
            mismatch = error
    raise mismatch


def _reason(error: jwt.InvalidTokenError) -> str:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), _MALFORMED)


def _caller(claims: Mapping[str, object]) -> Caller:
    def text(name: str) -> str:
        value = claims.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ValueError(f"{name} is no text")  # noqa: TRY004 -- one kind for every unusable claim
        value.encode()  # JSON can spell half a character, which no reply can hold
        return value

    user_id = text("sub")
    if not user_id:
        raise ValueError("sub is empty")
    return Caller(
        user_id=user_id,
        session_id=text("sid"),
        email=text("email"),
        name=text("name"),
        software_background=text("softwareBackground"),
        hardware_background=text("hardwareBackground"),
        interest_area=text("interestArea"),
        expires_at=datetime.fromtimestamp(float(str(claims["exp"])), UTC),
        role=text("role") or "user",
    )
