"""The tokens of mailed links about addresses: JWTs (RFC 7519) that nothing is stored of.

HS256 under BETTER_AUTH_SECRET, with Better Auth's claims, so that links its servers have mailed
are good here too. JWT_SECRET is another secret, so neither kind of token passes for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

import jwt

from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.wire import is_email

LIFETIME = timedelta(hours=1)

RequestType = Literal["change-email-confirmation", "change-email-verification"]


@dataclass(frozen=True, slots=True)
class EmailClaim:
    """What a mailed link says.

    Attributes:
        email: The address its holder has, or had when it was sent; in lower case.
        user_id: Whose it is; None in links that Better Auth 1.7.5 and older have mailed.
        update_to: The address to change to; None: `email` is to be verified.
        request_type: Of a change, which step follows; None in links of old servers.
    """

    email: str
    user_id: str | None
    update_to: str | None = None
    request_type: RequestType | None = None


def sign_claim(claim: EmailClaim, *, secret: str, now: datetime) -> str:
    """Return the token that says so for an hour."""
    issued_at = int(now.timestamp())
    claims = {
        "email": claim.email,
        "updateTo": claim.update_to,
        "requestType": claim.request_type,
        "userId": claim.user_id,
        "iat": issued_at,
        "exp": issued_at + int(LIFETIME.total_seconds()),
    }
    told = {name: value for name, value in claims.items() if value is not None}
    # Better Auth's header has no `typ`.
    return jwt.encode(told, secret, algorithm="HS256", headers={"typ": None})


def read_claim(token: str, *, secrets: Sequence[str], now: datetime) -> EmailClaim:
    """Return what a token says.

    Args:
        token: As it came.
        secrets: It may be signed with any of these.
        now: The time of the request.

    Raises:
        Refused: TOKEN_EXPIRED, or INVALID_TOKEN for whatever else is wrong with it.
    """
    claims = _verified(token, secrets)
    expires_at = claims.get("exp")
    if not isinstance(expires_at, int | float):
        raise Refused(Code.INVALID_TOKEN)
    if expires_at <= int(now.timestamp()):
        raise Refused(Code.TOKEN_EXPIRED)
    email, update_to = _text(claims, "email"), _text(claims, "updateTo")
    request_type = _text(claims, "requestType")
    if email is None or not is_email(email) or (update_to and not is_email(update_to)):
        raise Refused(Code.INVALID_TOKEN)
    if request_type not in {None, *get_args(RequestType)}:
        raise Refused(Code.INVALID_TOKEN)
    return EmailClaim(
        email=email.lower(),
        user_id=_text(claims, "userId"),
        update_to=update_to.lower() if update_to else None,
        request_type=cast("RequestType | None", request_type),
    )


def _verified(token: str, secrets: Sequence[str]) -> dict[str, object]:
    for secret in secrets:
        try:
            return jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                # Times are checked by our own clock.
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.InvalidTokenError:
            break
    raise Refused(Code.INVALID_TOKEN)


def _text(claims: dict[str, object], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and (not isinstance(value, str) or "\0" in value):
        raise Refused(Code.INVALID_TOKEN)
    return value
