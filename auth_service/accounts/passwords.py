"""Passwords: how long, how hashed, how checked.

New ones are hashed with Argon2id; those a Better Auth server has stored (scrypt) are verified. A
stored hash is left as it is, so a database can go back to that server.
"""

import hashlib
import re
import unicodedata
from typing import Self

from passlib.context import CryptContext
from passlib.handlers.argon2 import argon2
from passlib.utils import handlers

from auth_service.errors import Code, Refused
from auth_service.workers import WorkerPool

MIN_LENGTH = 8
MAX_LENGTH = 128

CREDENTIAL = "credential"
"""The provider of the account that holds a password."""

_SCRYPT = re.compile(r"([0-9a-f]{32}):([0-9a-f]{128})")


class better_auth_scrypt(handlers.HasSalt, handlers.GenericHandler):  # type: ignore[misc] # noqa: N801 -- passlib is not typed; its handlers are named in lower case
    """Better Auth's hash: `<salt>:<key>`, both hex; the salt's hex text is itself the salt."""

    name = "better_auth_scrypt"
    setting_kwds = ("salt",)
    min_salt_size = max_salt_size = 32
    salt_chars = checksum_chars = handlers.LOWER_HEX_CHARS
    checksum_size = 128

    @classmethod
    def from_string(cls, hash: str | bytes) -> Self:  # noqa: A002 -- passlib's name
        """Read a stored hash."""
        text = hash.decode() if isinstance(hash, bytes) else hash
        match = _SCRYPT.fullmatch(text)
        if match is None:
            raise handlers.exc.InvalidHashError(cls)
        return cls(salt=match[1], checksum=match[2])

    def to_string(self) -> str:
        """Write the hash as it is stored."""
        return f"{self.salt}:{self.checksum}"

    def _calc_checksum(self, secret: str | bytes) -> str:
        password = secret.encode() if isinstance(secret, str) else secret
        return hashlib.scrypt(
            password,
            salt=self.salt.encode(),
            n=16384,
            r=16,
            p=1,
            maxmem=64 * 1024 * 1024,  # it takes 32 MiB, which is above OpenSSL's own limit
            dklen=64,
        ).hex()


_CONTEXT = CryptContext(
    schemes=[argon2, better_auth_scrypt],
    argon2__type="ID",
    argon2__memory_cost=19456,  # KiB; with t=2, p=1 what OWASP's Password Storage sheet asks for
    argon2__time_cost=2,
    argon2__parallelism=1,
)


def check_policy(password: str) -> None:
    """Refuse a new password that is too short or too long.

    Raises:
        Refused: PASSWORD_TOO_SHORT or PASSWORD_TOO_LONG.
    """
    if _utf16_length(password) < MIN_LENGTH:
        raise Refused(Code.PASSWORD_TOO_SHORT)
    check_not_too_long(password)


def check_not_too_long(password: str) -> None:
    """Refuse a password no user can have, before any work is spent on it.

    Raises:
        Refused: PASSWORD_TOO_LONG.
    """
    if _utf16_length(password) > MAX_LENGTH:
        raise Refused(Code.PASSWORD_TOO_LONG)


async def hash_password(pool: WorkerPool, password: str) -> str:
    """Return the hash to store, computed in the pool.

    Raises:
        Busy: Too many passwords are waiting.
    """
    normal = _normal(password)
    return await pool.run(lambda: str(_CONTEXT.hash(normal)))


async def verify_password(pool: WorkerPool, password: str, stored: str | None) -> bool:
    """Tell whether a password is the stored one, in the pool.

    Without a stored hash, or with one of a kind unknown, a hash is computed all the same, so
    that the time taken does not tell whether there is such a user.

    Raises:
        Busy: Too many passwords are waiting.
    """
    normal = _normal(password)
    return await pool.run(lambda: _matches(normal, stored or ""))


def _matches(password: str, stored: str) -> bool:
    try:
        return bool(_CONTEXT.verify(password, stored))
    except ValueError:  # passlib's word for no hash, or none of a kind it knows
        _CONTEXT.hash(password)
        return False


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _normal(password: str) -> str:
    """Return the form hashed: the same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)
