"""Mints the token api-service checks: a JWT (RFC 7519), HS256, good for seven days unless said.

The compact form (RFC 7515, section 7.1) is put together here from PyJWT's parts, at half the cost
of jwt.encode, which examines the key and writes the header anew for every token.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from jwt.algorithms import HMACAlgorithm
from jwt.utils import base64url_encode
from pydantic_core import to_json

from auth_service.claim_texts import claim_text
from auth_service.database.profiles import USER, Profile
from auth_service.identifiers import new_identifier

ISSUER = "auth-service"
AUDIENCE = "api-service"
ALGORITHM = "HS256"
LIFETIME = timedelta(days=7)
"""How long a token lives where JWT_EXPIRES_IN says nothing else."""

_HS256 = HMACAlgorithm(HMACAlgorithm.SHA256)
_HEADER = base64url_encode(f'{{"alg":"{ALGORITHM}","typ":"JWT"}}'.encode())


def mint(
    user: Profile, session_id: str, *, secret: str, now: datetime, lifetime: timedelta = LIFETIME
) -> str:
    """Return a token that says who the user is.

    Args:
        user: Whose token it is.
        session_id: The session it was minted for, its `sid`.
        secret: Shared with api-service.
        now: Moment of issue.
        lifetime: How long it counts; parts of a second do not.
    """
    issued_at = int(now.timestamp())
    claims = {
        "sub": user.id,
        "userId": user.id,
        "email": user.email,
        "name": claim_text(user.name),
        "emailVerified": user.email_verified,
        "softwareBackground": claim_text(user.software_background),
        "hardwareBackground": claim_text(user.hardware_background),
        "interestArea": claim_text(user.interest_area),
        "role": user.role or USER,
        "sid": session_id,
        "jti": new_identifier(),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
        "iss": ISSUER,
        "aud": AUDIENCE,
    }
    signed = _HEADER + b"." + base64url_encode(to_json(claims))
    signature = _HS256.sign(signed, _key(secret))
    return (signed + b"." + base64url_encode(signature)).decode()


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return _HS256.prepare_key(secret)
