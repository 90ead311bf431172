"""How passwords are hashed and which are refused: the numbers, where everyone may read them."""

from dataclasses import dataclass
from typing import Literal

PasswordHash = Literal["argon2id", "better-auth"]


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """How new passwords are hashed, and which are refused.

    Attributes:
        scheme: The kind of new hashes; better-auth is scrypt, as a Node server reads it.
        memory_kib: Argon2's memory in KiB; with two passes and one lane the default is what
            OWASP's Password Storage sheet asks for.
        passes: Argon2's passes over it.
        lanes: Argon2's lanes.
        refuse_common: Passwords that everybody tries first may not be chosen.
    """

    scheme: PasswordHash = "argon2id"
    memory_kib: int = 19456
    passes: int = 2
    lanes: int = 1
    refuse_common: bool = True
