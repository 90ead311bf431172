"""What a refresh token is made of: two halves of 256 bits.

The first names its family, the tokens that follow one another from one grant, and stays; the
second is good for one use. Stored are the hash of the first, the hash of the second and a nonce:
the second is the nonce's HMAC under the first. So whoever presents a token of the family can be
told its newest once more, and nobody can make one who has no more than the database.

Because the first half is itself a secret, a second half that is not the newest can only come from a
token of the family that was used before.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

_HALF = 32  # bytes
_FORM = re.compile(r"[A-Za-z0-9_-]{86}", re.ASCII)  # base64url of both, without padding


@dataclass(frozen=True, slots=True)
class Halves:
    """A refresh token.

    Attributes:
        family: The half that stays.
        once: The half that is good for one use.
    """

    family: bytes = field(repr=False)
    once: bytes = field(repr=False)

    @property
    def token(self) -> str:
        """The token as its client holds it."""
        return base64.urlsafe_b64encode(self.family + self.once).rstrip(b"=").decode()

    @property
    def hashes(self) -> tuple[str, str]:
        """What is stored of both; of random bits a plain hash tells nothing."""
        return sha256(self.family).hexdigest(), sha256(self.once).hexdigest()


def new_family() -> bytes:
    """Return the first half of a family's tokens."""
    return secrets.token_bytes(_HALF)


def new_nonce() -> str:
    """Return what, under a family's first half, makes a second one."""
    return secrets.token_hex(_HALF)


def halves_of(family: bytes, nonce: str) -> Halves:
    """Return the token of a family and a nonce, always the same."""
    return Halves(family, hmac.digest(family, nonce.encode(), sha256))


def read_halves(token: str) -> Halves | None:
    """Return the halves of a token as it came; None if it has not the form of one."""
    if _FORM.fullmatch(token) is None:
        return None
    both = base64.urlsafe_b64decode(token + "==")
    return Halves(both[:_HALF], both[_HALF:])
