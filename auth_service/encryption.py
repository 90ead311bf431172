"""What is stored encrypted, in Better Auth's form, so that either server can read the other's.

XChaCha20-Poly1305 under the SHA-256 of a secret: hex of nonce, ciphertext and tag, after
`$ba$<version>$` where secrets have versions.
"""

import re
from collections.abc import Mapping
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as _open
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as _seal
from nacl.exceptions import CryptoError
from nacl.utils import random

EncryptionSecrets = Mapping[int | None, str]
"""Secrets by version, the newest, which encrypts, first; None: the one without a version."""

NONCE_BYTES, TAG_BYTES = 24, 16

_ENVELOPE = re.compile(r"\$ba\$(\d+)\$(.*)", re.ASCII | re.DOTALL)
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.IGNORECASE)
_SALT = b"better-auth:oauth-encryption:v1"


class Undecipherable(Exception):
    """No known secret opens a value, or it has been altered."""


def encrypt(text: str, secrets: EncryptionSecrets) -> str:
    """Return a text encrypted under the newest secret."""
    version, secret = next(iter(secrets.items()))
    nonce = random(NONCE_BYTES)
    sealed = (nonce + _seal(text.encode(), None, nonce, _key(secret))).hex()
    return sealed if version is None else f"$ba${version}${sealed}"


def decrypt(value: str, secrets: EncryptionSecrets) -> str:
    """Return the text of an encrypted value.

    Any of the secrets may open it, since a wrong one is recognised: values written before
    secrets had versions are read still.

    Raises:
        Undecipherable: None does.
    """
    envelope = _ENVELOPE.fullmatch(value)
    sealed = envelope[2] if envelope else value
    if not _HEX.fullmatch(sealed) or len(sealed) < 2 * (NONCE_BYTES + TAG_BYTES):
        raise Undecipherable
    raw = bytes.fromhex(sealed)
    for secret in secrets.values():
        try:
            return _open(raw[NONCE_BYTES:], None, raw[:NONCE_BYTES], _key(secret)).decode()
        except (CryptoError, UnicodeDecodeError):
            continue
    raise Undecipherable


def looks_encrypted(value: str) -> bool:
    """Tell whether a value has the form of an encrypted one."""
    if _ENVELOPE.fullmatch(value):
        return True
    return len(value) >= 2 * (NONCE_BYTES + TAG_BYTES) and _HEX.fullmatch(value) is not None


def for_purpose(secrets: EncryptionSecrets, purpose: str) -> EncryptionSecrets:
    """Return secrets of one purpose's own (HKDF, RFC 5869), such as `oauth-link-session-token`."""
    info = f"better-auth:{purpose}:v1".encode()
    return {
        version: HKDF(SHA256(), 32, _SALT, info).derive(secret.encode()).hex()
        for version, secret in secrets.items()
    }


def _key(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
