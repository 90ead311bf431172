"""Who is asking: a bearer token becomes a Caller, checked here and without asking auth_service.

There are two kinds, each bound to its own key and its own issuer, audience and length of life, so
that neither passes for the other (RFC 8725 sections 3.1, 3.8 and 3.9):

    HS256   the secret both services share      auth-service to api-service
    EdDSA   a key of auth-service's, by `kid`   auth-service's address to itself
"""

import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from nacl.exceptions import CryptoError

from api_service.identity.caller import Caller
from api_service.identity.compact import (
    Malformed,
    SignedToken,
    TokenFault,
    read_claims,
    take_apart,
)
from api_service.identity.key_set import KeyLookup, KeySet
from api_service.problems import InvalidToken

ISSUER = "auth-service"
AUDIENCE = "api-service"

LEEWAY = timedelta(seconds=10)
"""How far the clocks of the two services may be apart when a token begins; none when it ends."""

LONGEST_LIFE = timedelta(days=30)
"""Longest life auth_service can be told to give a token of HS256."""

EDDSA_LIFE = timedelta(minutes=15)
"""Life of a token of EdDSA."""

_LAST_SECOND = 253402300799  # of the year 9999


class OtherAlgorithm(TokenFault):
    """Nothing here is checked by that algorithm."""

    detail = "The token is signed with another algorithm than HS256 or EdDSA."


class UnknownKey(TokenFault):
    """No key of auth-service's has that `kid`."""

    detail = "The token is signed with a key that is not known."


class WrongSignature(TokenFault):
    """The key has not signed it."""

    detail = "The token's signature does not match."


class MissingClaim(TokenFault):
    """It does not say what every token has to."""

    detail = "The token lacks a required claim."


class WrongIssuer(TokenFault):
    """`iss` is another, or no text."""

    detail = "The token was issued by someone else."


class WrongAudience(TokenFault):
    """`aud` is another, or no text."""

    detail = "The token is meant for another service."


class Expired(TokenFault):
    """Its time is over."""

    detail = "The token has expired."


class NotYetValid(TokenFault):
    """Its time has not come."""

    detail = "The token is not valid yet."


class LivesTooLong(TokenFault):
    """It would count for longer than any that is minted."""

    detail = "The token is valid for longer than tokens are."


@dataclass(frozen=True, slots=True)
class _Kind:
    issuer: str
    audience: str
    longest: timedelta


_HS256 = _Kind(ISSUER, AUDIENCE, LONGEST_LIFE)


async def identify(token: str | None, *secrets: str, key_set: KeySet) -> Caller:
    """Return the caller a token speaks for, asking for auth-service's keys where that may help.

    Args:
        token: What followed "Bearer", or None without one.
        secrets: As for `verify`.
        key_set: The keys of auth-service.

    Raises:
        InvalidToken: There is none, or it does not hold.
        KeysUnavailable: It is of EdDSA, and the keys cannot be had.
    """
    try:
        return verify(token, *secrets, keys=key_set, origin=key_set.origin)
    except InvalidToken as refusal:
        if not isinstance(refusal.__cause__, UnknownKey):
            raise
        await key_set.refreshed()
    return verify(token, *secrets, keys=key_set, origin=key_set.origin)


def verify(
    token: str | None, *secrets: str, keys: KeyLookup | None = None, origin: str = ""
) -> Caller:
    """Return the caller a token speaks for.

    Args:
        token: What followed "Bearer", or None without one.
        secrets: The secrets both services share, newest first; any of them may have signed it.
        keys: Public keys of auth-service, by `kid`.
        origin: Of auth-service, issuer and audience of what these keys sign.

    Raises:
        InvalidToken: There is none, or it does not hold; the detail says why and quotes nothing.
    """
    if token is None:
        raise InvalidToken("A bearer token is required.", presented=False)
    try:
        taken = take_apart(token)
        if taken.header.algorithm == "HS256":
            _check_secret(taken, secrets)
            kind = _HS256
        elif taken.header.algorithm == "EdDSA":
            _check_key(taken, keys or {})
            kind = _Kind(origin, origin, EDDSA_LIFE)
        else:
            raise OtherAlgorithm
        claims = read_claims(taken.payload)
        _check_claims(claims, kind, time.time())
        return _caller(claims)
    except TokenFault as fault:
        raise InvalidToken(fault.detail) from fault


def _check_secret(token: SignedToken, secrets: Sequence[str]) -> None:
    if token.header.kid is not None:  # there is nothing to choose from
        raise Malformed
    for secret in secrets:
        expected = hmac.digest(secret.encode(), token.signed, sha256)
        if hmac.compare_digest(expected, token.signature):
            return
    raise WrongSignature


def _check_key(token: SignedToken, keys: KeyLookup) -> None:
    if not token.header.kid:
        raise Malformed
    key = keys.get(token.header.kid)
    if key is None:
        raise UnknownKey
    try:
        key.verify(token.signed, token.signature)
    except CryptoError as error:  # of a wrong length, too
        raise WrongSignature from error


def _check_claims(claims: Mapping[str, object], kind: _Kind, now: float) -> None:
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    for name, expected, fault in (
        ("iss", kind.issuer, WrongIssuer),
        ("aud", kind.audience, WrongAudience),
    ):
        if name not in claims:
            raise MissingClaim
        if claims[name] != expected:
            raise fault
    if expires <= now:
        raise Expired
    if max(begins, issued) > now + LEEWAY.total_seconds():
        raise NotYetValid
    if expires - issued > kind.longest.total_seconds():
        raise LivesTooLong


def _moment(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if value is None:
        raise MissingClaim
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:  # true is an int, too
        raise Malformed
    return value


def _caller(claims: Mapping[str, object]) -> Caller:
    def text(name: str) -> str:
        value = claims.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise Malformed
        try:
            value.encode()  # JSON can spell half a character, which no reply can hold
        except UnicodeEncodeError as error:
            raise Malformed from error
        return value

    if "sub" not in claims:
        raise MissingClaim
    user_id = text("sub")
    # Both kinds name the user twice.
    if not user_id or any(claims.get(name, user_id) != user_id for name in ("userId", "id")):
        raise Malformed
    return Caller(
        user_id=user_id,
        session_id=text("sid"),
        email=text("email"),
        name=text("name"),
        software_background=text("softwareBackground"),
        hardware_background=text("hardwareBackground"),
        interest_area=text("interestArea"),
        issued_at=datetime.fromtimestamp(_moment(claims, "iat"), UTC),
        expires_at=datetime.fromtimestamp(_moment(claims, "exp"), UTC),
        role=text("role") or "user",
    )
