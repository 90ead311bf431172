"""What is stored encrypted: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), as Better Auth has it.

The key is the SHA-256 of a secret; stored is the hex text of nonce, ciphertext and tag. Where
secrets have versions, `$ba$<version>$` stands before it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as open_sealed
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as seal
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_NPUBBYTES as NONCE_BYTES
from nacl.exceptions import CryptoError
from nacl.utils import random

_ENVELOPE = re.compile(r"\$ba\$(\d{1,9})\$(.*)", re.ASCII | re.DOTALL)


class Undecipherable(Exception):
    """No secret that is known opens what is stored; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class StorageSecrets:
    """What encrypts and decrypts; at least one of the two is there.

    Attributes:
        versions: Numbers and secrets of BETTER_AUTH_SECRETS, the newest first: that one encrypts.
        single: BETTER_AUTH_SECRET; encrypts where there are no versions.
    """

    versions: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    single: str | None = field(default=None, repr=False)


def encrypt(text: str, secrets: StorageSecrets) -> str:
    """Return what is stored of a text."""
    if secrets.versions:
        version, secret = secrets.versions[0]
        return f"$ba${version}${encrypt_under(text, secret)}"
    assert secrets.single is not None  # noqa: S101 -- as the settings have it
    return encrypt_under(text, secrets.single)


def decrypt(stored: str, secrets: StorageSecrets) -> str:
    """Return the text of what is stored.

    Its tag tells whether a secret is the right one, so all that are known are tried: a value
    stays readable when versions are given or taken away.

    Raises:
        Undecipherable: None opens it.
    """
    envelope = _ENVELOPE.fullmatch(stored)
    version, sealed = (int(envelope[1]), envelope[2]) if envelope else (None, stored)
    for secret in _likeliest_first(version, secrets):
        try:
            return decrypt_under(sealed, secret)
        except Undecipherable:
            continue
    raise Undecipherable


def encrypt_under(text: str, secret: str) -> str:
    """Return the hex text of a text encrypted under one secret."""
    nonce = random(NONCE_BYTES)
    return (nonce + seal(text.encode(), None, nonce, _key(secret))).hex()


def decrypt_under(sealed: str, secret: str) -> str:
    """Return the text of what `encrypt_under` returned.

    Raises:
        Undecipherable: It was encrypted under another secret, or is damaged.
    """
    try:
        content = bytes.fromhex(sealed)
        nonce, ciphertext = content[:NONCE_BYTES], content[NONCE_BYTES:]
        return open_sealed(ciphertext, None, nonce, _key(secret)).decode()
    except (ValueError, CryptoError) as error:  # no hex; too short or of another key
        raise Undecipherable from error


def _key(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _likeliest_first(version: int | None, secrets: StorageSecrets) -> Iterator[str]:
    if version is None and secrets.single is not None:
        yield secrets.single
    numbered = sorted(secrets.versions, key=lambda each: each[0] != version)
    yield from (secret for _, secret in numbered)
    if version is not None and secrets.single is not None:
        yield secrets.single
