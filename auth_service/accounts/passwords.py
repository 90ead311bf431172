"""Passwords: how long, how hashed, how checked.

New ones are hashed with Argon2id, or, where a Node server shares the database, as Better Auth does
it (scrypt). Both are verified, and so is bcrypt, which users brought from elsewhere may have. Which
is new is for the pool's rules to say; a hash of another kind is due for replacement.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from nacl.bindings import crypto_pwhash_scryptsalsa208sha256_ll as scrypt
from passlib.context import CryptContext
from passlib.handlers.argon2 import argon2
from passlib.handlers.bcrypt import bcrypt
from passlib.utils import handlers

from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.password_rules import PasswordRules
from auth_service.workers import WorkerPool

MIN_LENGTH = 8
MAX_LENGTH = 128

CREDENTIAL = "credential"
"""The provider of the account that holds a password."""

COMMON = Path(__file__).with_name("common_passwords.txt")

_BCRYPT_BYTES = 72
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
        # libsodium takes two thirds of the time OpenSSL does, for the same bytes.
        return scrypt(
            password,
            self.salt.encode(),
            n=16384,
            r=16,
            p=1,
            maxmem=64 * 1024 * 1024,  # it takes 32 MiB, which is above libsodium's own limit
            dklen=64,
        ).hex()


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of comparing a password.

    Attributes:
        right: It is the one stored.
        renewed: Its hash of the new kind, if it is right and the stored one is of another.
    """

    right: bool
    renewed: str | None = None


@cache
def _context(rules: PasswordRules) -> CryptContext:
    newest = argon2 if rules.scheme == "argon2id" else better_auth_scrypt
    return CryptContext(
        schemes=[argon2, better_auth_scrypt, bcrypt],
        default=newest.name,
        deprecated="auto",
        argon2__type="ID",
        argon2__memory_cost=rules.memory_kib,
        argon2__time_cost=rules.passes,
        argon2__parallelism=rules.lanes,
    )


@cache
def _common_passwords() -> frozenset[str]:
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_tried_first(folded: str, words: frozenset[str]) -> bool:
    if folded in _common_passwords():
        return True
    letters = "".join(filter(str.isalpha, folded))
    # Longest first, and what has matched is not tried otherwise: words alike would take for ever.
    made_of = "|".join(sorted(words, key=len, reverse=True))
    return bool(words) and re.fullmatch(f"(?>{made_of})++", letters) is not None


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
    """Return the hash to store of a new password, computed in the pool.

    Raises:
        Refused: PASSWORD_COMPROMISED, the password is one of the most common.
        Busy: Too many passwords are waiting.
    """
    return await pool.run(lambda: _hash_new(password, pool.rules))


async def verify_password(pool: WorkerPool, password: str, stored: str | None) -> bool:
    """Tell whether a password is the stored one, in the pool.

    Without a stored hash, or with one of a kind unknown, a hash is computed all the same, so
    that the time taken does not tell whether there is such a user.

    Raises:
        Busy: Too many passwords are waiting.
    """
    return await pool.run(lambda: _matches(password, stored or "", pool.rules))


async def verify_and_renew(pool: WorkerPool, password: str, stored: str | None) -> Verified:
    """Do as verify_password does, and hash a right password anew where the stored hash is old.

    Raises:
        Busy: Too many passwords are waiting.
    """

    def work() -> Verified:
        if not _matches(password, stored or "", pool.rules):
            return Verified(right=False)
        context = _context(pool.rules)
        if not context.needs_update(stored or ""):
            return Verified(right=True)
        return Verified(right=True, renewed=str(context.hash(_normal(password))))

    return await pool.run(work)


def _hash_new(password: str, rules: PasswordRules) -> str:
    normal = _normal(password)
    if rules.refuse_common and _is_tried_first(normal.casefold(), rules.site_words):
        raise Refused(Code.PASSWORD_COMPROMISED)
    return str(_context(rules).hash(normal))


def _matches(password: str, stored: str, rules: PasswordRules) -> bool:
    context = _context(rules)
    try:
        if bcrypt.identify(stored):
            # Whoever hashed it did so as typed, and bcrypt ends after so many bytes.
            return bool(context.verify(password.encode()[:_BCRYPT_BYTES], stored))
        return bool(context.verify(_normal(password), stored))
    except ValueError:  # passlib's word for no hash, or none of a kind it knows
        context.hash(_normal(password))
        return False


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _normal(password: str) -> str:
    """Return the form hashed: the same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)
