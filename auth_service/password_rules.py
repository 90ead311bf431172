"""How passwords are hashed and which are refused: the numbers, where everyone may read them."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Literal
from urllib.parse import urlsplit

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
        site_words: Nor, then, those made of nothing but these, digits and signs; in lower case.
    """

    scheme: PasswordHash = "argon2id"
    memory_kib: int = 19456
    passes: int = 2
    lanes: int = 1
    refuse_common: bool = True
    site_words: frozenset[str] = frozenset()


def site_words(url: str, sender: str) -> frozenset[str]:
    """Return what somebody who knows a site would try: the words of its host and of its name.

    Args:
        url: Where readers reach it; the last part of its host is everybody's.
        sender: Whom its mails are from, such as `Physical AI Book <book@example.com>`.
    """
    host = (urlsplit(url).hostname or "").rpartition(".")[0]
    words = re.findall(r"[^\W\d_]{3,}", f"{host} {parseaddr(sender)[0]}".casefold())
    return frozenset(words) - {"www"}
