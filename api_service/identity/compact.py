"""The compact form of a signed token (RFC 7515 section 7.1), read without any leniency.

What a lenient reader would repair, ignore or settle by a rule of its own is refused, so that a
token says one thing to everybody: whitespace, padding and unused bits in base64url, members named
twice, numbers that are no integers, headers that ask for something done. RFC 8725 has the reasons.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NoReturn

TOKEN_LENGTH = 8 * 1024
"""Longest token looked at, in characters; the longest that auth_service mints is shorter."""

_PARTS = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]*)", re.ASCII)
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})


class TokenFault(Exception):
    """Why a token does not hold; its class is all that a log says of it."""

    detail: ClassVar[str]


class Malformed(TokenFault):
    """It is not what a token looks like, or a claim is not what it is for."""

    detail = "The token is malformed."


class TooLong(TokenFault):
    """It is longer than any that is minted."""

    detail = "The token is too long."


class UnknownHeader(TokenFault):
    """Its header says something that nothing here is done about, such as `jku` or `crit`."""

    detail = "The token's header asks for what this service does not do."


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says of its own signature; nothing of it is to be believed."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token taken apart; whether its signature holds is still to be seen.

    Attributes:
        header: Which key is said to have signed.
        signed: The bytes that were signed.
        signature: Of these.
        payload: The claims, encoded.
    """

    header: Header
    signed: bytes
    signature: bytes
    payload: str


def take_apart(token: str) -> SignedToken:
    """Return the parts of a token.

    Raises:
        TokenFault: It has no such parts.
    """
    if len(token) > TOKEN_LENGTH:
        raise TooLong
    parts = _PARTS.fullmatch(token)
    if parts is None:
        raise Malformed
    header, payload, signature = parts.groups()
    return SignedToken(
        header=_read_header(header),
        signed=token[: parts.end(2)].encode(),
        signature=base64url_decoded(signature),
        payload=payload,
    )


def read_claims(payload: str) -> Mapping[str, object]:
    """Return the claims of a token whose signature holds.

    Raises:
        Malformed: They are no JSON object that everybody reads alike.
    """
    return _read_object(payload)


def base64url_decoded(text: str) -> bytes:
    """Return what a text of A-Z, a-z, 0-9, - and _ encodes, in the one way there is to encode it.

    Raises:
        Malformed: It encodes nothing, or could be written otherwise.
    """
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Malformed from error
    if base64.urlsafe_b64encode(content).rstrip(b"=") != text.encode():
        raise Malformed
    return content


@lru_cache(maxsize=64)  # all tokens of one key have the same
def _read_header(encoded: str) -> Header:
    members = _read_object(encoded)
    algorithm, kid, kind = (members.get(name) for name in ("alg", "kid", "typ"))
    if not isinstance(algorithm, str) or not isinstance(kid, str | None):
        raise Malformed
    if not members.keys() <= _HEADER_MEMBERS or not (kind is None or kind == "JWT"):
        raise UnknownHeader
    return Header(algorithm, kid)


def _read_object(encoded: str) -> dict[str, object]:
    try:
        value = _DECODER.decode(base64url_decoded(encoded).decode())
    except (ValueError, RecursionError) as error:  # a few thousand brackets are the latter
        raise Malformed from error
    if not isinstance(value, dict):
        raise Malformed
    return value


def _members_named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _no_integer(_text: str) -> NoReturn:
    raise ValueError("a number is no integer")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members_named_once, parse_float=_no_integer, parse_constant=_no_integer
)
