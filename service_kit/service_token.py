"""The token by which one service knows the other: a JWT (RFC 7519) that lives a minute.

It is signed with the secret both services share, like the tokens of readers, but is meant for an
audience of its own, so that neither is ever taken for the other (RFC 8725 section 3.9).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import jwt

ALGORITHM = "HS256"
ISSUER = "api-service"
AUDIENCE = "auth-service-internal"
LIFETIME = timedelta(minutes=1)
LEEWAY = timedelta(seconds=10)
"""How far the clocks of the two services may be apart."""


class NotAService(Exception):
    """A token that is no service's; the text names the reason's class and quotes nothing."""


def mint_service_token(secret: str, *, now: datetime) -> str:
    """Return a token by which api-service calls auth-service.

    Args:
        secret: Shared by both services.
        now: Moment of issue.
    """
    claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def check_service_token(token: str, secrets: Sequence[str]) -> None:
    """Return if a token was minted by api-service for auth-service.

    Args:
        token: What followed "Bearer".
        secrets: Shared by both services, newest first; any of them may have signed it.

    Raises:
        NotAService: It was not.
    """
    failure: Exception = jwt.InvalidSignatureError()
    for secret in secrets:
        try:
            claims = jwt.decode(
                token,
                secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except jwt.InvalidSignatureError as error:
            failure = error
        except jwt.InvalidTokenError as error:
            raise NotAService(type(error).__name__) from error
        else:
            if claims["exp"] - claims["iat"] > LIFETIME.total_seconds():
                raise NotAService("TooLong")
            return
    raise NotAService(type(failure).__name__) from failure
