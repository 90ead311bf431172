"""A key pair (Ed25519, RFC 8032 and 8037), as Better Auth's jwt plugin stores it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nacl.bindings import crypto_sign
from nacl.bindings import crypto_sign_BYTES as SIGNATURE_BYTES
from nacl.bindings import crypto_sign_seed_keypair as key_pair
from nacl.exceptions import CryptoError
from nacl.utils import random
from pydantic_core import to_json

from auth_service.database.tables import SigningKey
from auth_service.encryption import EncryptionSecrets, Undecipherable, decrypt, encrypt
from auth_service.identifiers import new_identifier

ALGORITHM = "EdDSA"
CURVE = "Ed25519"
_KEY_TYPE = "OKP"  # octet key pair, RFC 8037
_SEED_BYTES = 32

_PUBLIC_MEMBERS = frozenset({"alg", "crv", "e", "kty", "n", "use", "x", "y"})


class UnusableKey(Exception):
    """A stored key that cannot sign: of another kind, damaged, or under an unknown secret."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, parsed.

    Attributes:
        kid: The id of its row.
        created_at: When it was made, UTC.
        expires_at: When it signs no more, UTC; None: never.
        header: Of its tokens, encoded.
        secret: Seed and public key, as libsodium wants them.
    """

    kid: str
    created_at: datetime
    expires_at: datetime | None
    header: bytes
    secret: bytes = field(repr=False)

    def sign(self, claims: Mapping[str, object]) -> str:
        """Return a token with these claims, in the compact form (RFC 7515 section 7.1)."""
        signed = self.header + b"." + _base64url(to_json(claims))
        signature = crypto_sign(signed, self.secret)[:SIGNATURE_BYTES]
        return (signed + b"." + _base64url(signature)).decode()


def new_key(secrets: EncryptionSecrets, *, now: datetime, lifetime: timedelta | None) -> SigningKey:
    """Return the row of a new key pair.

    Args:
        secrets: Encrypt the private key.
        now: The time of the request.
        lifetime: How long it signs; None: for ever.
    """
    seed = random(_SEED_BYTES)
    public, _ = key_pair(seed)
    jwk = {"crv": CURVE, "x": _base64url(public).decode(), "kty": _KEY_TYPE}
    private = _stringified({**jwk, "d": _base64url(seed).decode()})
    return SigningKey(
        id=new_identifier(),
        public_key=_stringified(jwk),
        private_key=_stringified(encrypt(private, secrets)),
        created_at=now,
        expires_at=None if lifetime is None else now + lifetime,
        alg=ALGORITHM,
        crv=CURVE,
    )


def read_signer(row: SigningKey, secrets: EncryptionSecrets) -> Signer:
    """Return what signs with a stored key.

    Raises:
        UnusableKey: It cannot.
    """
    try:
        stored = json.loads(row.private_key)
        # A server with disablePrivateKeyEncryption stores the key itself.
        jwk = json.loads(decrypt(stored, secrets)) if isinstance(stored, str) else stored
        if (jwk["kty"], jwk["crv"]) != (_KEY_TYPE, CURVE):
            raise UnusableKey
        public, secret = key_pair(_base64url_decoded(jwk["d"]))
        if public != _base64url_decoded(json.loads(row.public_key)["x"]):
            raise UnusableKey
    except (ValueError, TypeError, KeyError, AttributeError, CryptoError, Undecipherable) as error:
        raise UnusableKey from error
    header = _base64url(to_json({"alg": ALGORITHM, "kid": row.id}))
    return Signer(row.id, row.created_at, row.expires_at, header, secret)


def public_jwk(row: SigningKey) -> Mapping[str, str]:
    """Return a stored key as GET /jwks lists it (RFC 7517), nothing private among it.

    Raises:
        UnusableKey: It is no JSON object of texts.
    """
    # Rows of Better Auth 1.3 and older than its columns alg and crv say neither.
    listed = {"alg": row.alg or ALGORITHM} | ({"crv": row.crv} if row.crv else {})
    try:
        stored = json.loads(row.public_key)
        listed |= {name: stored[name] for name in stored if name in _PUBLIC_MEMBERS}
    except (ValueError, TypeError) as error:
        raise UnusableKey from error
    return {**listed, "kid": row.id}


def _stringified(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _base64url_decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
