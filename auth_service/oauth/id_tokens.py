"""Id tokens: verified against their provider's key set, and read (OpenID Connect Core 1.0)."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from jwt.types import Options

from auth_service.oauth.provider import (
    ProviderProfile,
    ProviderRefused,
    address,
    flag,
    members,
    text,
)
from auth_service.web_client import WebClient

ASYMMETRIC = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Algorithms believed; the client's secret signs nothing, so HS256 is none of them."""

KEYS_KEPT = timedelta(hours=1)
KEYS_ASKED = timedelta(seconds=30)
"""How soon a key set may be read again because of a key that is not in it."""

TOLERANCE = 30.0  # seconds that clocks may differ

_LAST = 1e11  # seconds since 1970; NaN and what is beyond are no times

_TIMES_ARE_OURS: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "enforce_minimum_key_length": True,
    "require": ["iss", "sub", "aud", "exp", "iat"],
}


@dataclass(frozen=True, slots=True)
class IdTokenRules:
    """What an id token has to be.

    Attributes:
        key_set: Address of the keys it may be signed with.
        issuers: It is one's.
        audience: It is for this client.
        algorithms: It is signed with one of these.
        age: It was issued at most so long ago; None: it counts until it expires.
    """

    key_set: str
    issuers: tuple[str, ...]
    audience: str
    algorithms: tuple[str, ...]
    age: timedelta | None = None


async def verified_claims(
    web: WebClient, token: str, rules: IdTokenRules, nonce: str | None, now: datetime
) -> Mapping[str, object]:
    """Return what an id token says, once it is proved.

    Args:
        web: Asks for the keys.
        token: As it came.
        rules: What it has to be.
        nonce: The one it has to hold; None: any or none.
        now: The time of the request.

    Raises:
        ProviderRefused: It proves nothing.
        WebFailure: The keys are out of reach.
    """
    key_id, algorithm = _header(token, rules)
    keys = _fitting(await web.kept(rules.key_set, at_most=KEYS_KEPT), key_id, algorithm)
    if not keys:  # the provider may have changed them since
        keys = _fitting(await web.kept(rules.key_set, at_most=KEYS_ASKED), key_id, algorithm)
    claims = _claims(token, keys, algorithm, rules)
    _check_times(claims, rules, now)
    _check_party(claims, rules.audience)
    said = claims.get("nonce")
    if nonce is not None and not (
        isinstance(said, str) and hmac.compare_digest(said.encode(), nonce.encode())
    ):
        raise ProviderRefused("WrongNonce")
    return claims


def unverified_claims(token: str) -> Mapping[str, object]:
    """Return what an id token says that was verified before it was stored.

    Raises:
        ProviderRefused: It cannot be read.
    """
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise ProviderRefused(type(error).__name__) from error


def profile_of(claims: Mapping[str, object]) -> ProviderProfile:
    """Return whom claims are about (OpenID Connect Core 1.0 section 5.1).

    Raises:
        ProviderRefused: They do not say.
    """
    subject = (text(claims, "sub") or "").strip()
    if not subject:
        raise ProviderRefused("NoSubject")
    return ProviderProfile(
        account_id=subject,
        email=address(text(claims, "email")),
        email_verified=flag(claims.get("email_verified")),
        name=text(claims, "name") or "",
        image=text(claims, "picture"),
        data=claims,
    )


def _header(token: str, rules: IdTokenRules) -> tuple[str | None, str]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise ProviderRefused(type(error).__name__) from error
    key_id, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms:
        raise ProviderRefused("WrongAlgorithm")
    return key_id if isinstance(key_id, str) else None, algorithm


def _fitting(key_set: object, key_id: str | None, algorithm: str) -> list[jwt.PyJWK]:
    """Return the keys of a set that a header names; each is bound to the one algorithm."""
    keys = members(key_set).get("keys")
    fitting: list[jwt.PyJWK] = []
    for key in keys if isinstance(keys, list) else []:
        if not isinstance(key, dict) or key.get("use", "sig") != "sig":
            continue
        if key.get("alg", algorithm) != algorithm:
            continue
        if key_id is not None and key.get("kid") != key_id:
            continue
        try:
            fitting.append(jwt.PyJWK(key, algorithm))
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
            continue  # of another kind, or broken: the set may hold others
    return fitting


def _claims(
    token: str, keys: Iterable[jwt.PyJWK], algorithm: str, rules: IdTokenRules
) -> dict[str, object]:
    for key in keys:
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=rules.audience,
                issuer=list(rules.issuers),
                options=_TIMES_ARE_OURS,
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as error:
            raise ProviderRefused(type(error).__name__) from error
        else:
            return claims
    raise ProviderRefused("NoKeyFits")


def _check_times(claims: Mapping[str, object], rules: IdTokenRules, now: datetime) -> None:
    moment = now.timestamp()
    expires_at, issued_at = _seconds(claims, "exp"), _seconds(claims, "iat")
    begins_at = _seconds(claims, "nbf") if "nbf" in claims else issued_at
    if expires_at <= moment - TOLERANCE:
        raise ProviderRefused("Expired")
    if max(issued_at, begins_at) > moment + TOLERANCE:
        raise ProviderRefused("NotYet")
    if rules.age is not None and issued_at < moment - TOLERANCE - rules.age.total_seconds():
        raise ProviderRefused("TooOld")


def _seconds(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LAST:
        raise ProviderRefused("NoTime")
    return float(value)


def _check_party(claims: Mapping[str, object], client_id: str) -> None:
    """Refuse a token that was made for several, or for another who may show it to us."""
    audience, party = claims.get("aud"), claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if party != client_id and (several or party is not None):
        raise ProviderRefused("WrongParty")
