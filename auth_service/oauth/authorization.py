"""Sending a reader to a provider: the authorize URL, with state and PKCE."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

from auth_service.callbacks import encoded
from auth_service.oauth.provider import Doors, Provider

RESERVED = (
    "state",
    "client_id",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "scope",
)
"""Parameters of the authorize URL that no caller may set."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a caller may wish of an authorize URL.

    Attributes:
        scopes: Asked for beside the provider's own.
        login_hint: Whom the provider should offer to sign in.
        parameters: Others; none of RESERVED.
    """

    scopes: Sequence[str] = ()
    login_hint: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def authorize_url(  # noqa: PLR0913 -- a URL is its arguments
    provider: Provider,
    doors: Doors,
    wishes: Wishes,
    *,
    state: str,
    redirect_uri: str,
    code_verifier: str,
    nonce: str | None,
) -> str:
    """Return where a reader is sent, its parameters in Better Auth's order.

    Args:
        provider: Who is asked.
        doors: Where.
        wishes: What the caller adds.
        state: Given back with the reply.
        redirect_uri: Where the reply goes, exactly as it is registered.
        code_verifier: PKCE's secret, of which the URL holds the hash (RFC 7636 section 4.2).
        nonce: Put into the id token.
    """
    parameters = {
        "response_type": "code",
        "client_id": provider.client.id,
        "state": state,
        "scope": " ".join((*provider.scopes, *wishes.scopes)),
        "redirect_uri": redirect_uri,
    }
    if wishes.login_hint:
        parameters["login_hint"] = wishes.login_hint
    if nonce:
        parameters["nonce"] = nonce
    if doors.takes_pkce:
        parameters["code_challenge_method"] = "S256"
        parameters["code_challenge"] = _challenge(code_verifier)
    added = {**dict(provider.extra), **wishes.parameters}
    parameters |= {name: value for name, value in added.items() if name not in RESERVED}
    separator = "&" if urlsplit(doors.authorize).query else "?"
    return f"{doors.authorize}{separator}{encoded(parameters.items())}"


def _challenge(code_verifier: str) -> str:
    return urlsafe_b64encode(sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
