"""Mints the token api-service checks: a JWT (RFC 7519), HS256, good for seven days."""

from datetime import datetime, timedelta

import jwt

from auth_service.database.profiles import Profile
from auth_service.identifiers import new_identifier

ISSUER = "auth-service"
AUDIENCE = "api-service"
ALGORITHM = "HS256"
LIFETIME = timedelta(days=7)

CLAIM_LENGTH = 400
"""Most characters of a text in a token: it travels with every request, and profiles may be long."""


def mint(user: Profile, session_id: str, *, secret: str, now: datetime) -> str:
    """Return a token that says who the user is.

    Args:
        user: Whose token it is.
        session_id: The session it was minted for, its `sid`.
        secret: Shared with api-service.
        now: Moment of issue.
    """
    issued_at = int(now.timestamp())
    claims = {
        "sub": user.id,
        "userId": user.id,
        "email": user.email,
        "name": _cut(user.name),
        "emailVerified": user.email_verified,
        "softwareBackground": _cut(user.software_background),
        "hardwareBackground": _cut(user.hardware_background),
        "interestArea": _cut(user.interest_area),
        "sid": session_id,
        "jti": new_identifier(),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(LIFETIME.total_seconds()),
        "iss": ISSUER,
        "aud": AUDIENCE,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def _cut(text: str | None) -> str | None:
    return text and text[:CLAIM_LENGTH]
