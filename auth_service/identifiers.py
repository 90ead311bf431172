"""Row ids and tokens, in the form Better Auth gives them."""

import secrets
import string

LENGTH = 32


def _drawing(alphabet: str) -> tuple[bytes, bytes]:
    """Return what turns random bytes into letters: the letter of each byte, and bytes to drop.

    The last bytes are dropped where they would favour the alphabet's beginning.
    """
    size = len(alphabet)
    letters = "".join(alphabet[byte % size] for byte in range(256))
    return letters.encode(), bytes(range(256 - 256 % size, 256))


_MIXED = _drawing(string.ascii_letters + string.digits)
_LOWER = _drawing(string.digits + string.ascii_lowercase)
_LETTERS = _drawing(string.ascii_letters)
_URL_SAFE = _drawing(string.ascii_letters + string.digits + "-_")


def new_identifier() -> str:
    """Return LENGTH characters of a-z, A-Z and 0-9, each drawn without bias: about 190 bits."""
    return _draw(_MIXED, LENGTH)


def new_reset_token() -> str:
    """Return the token of a password reset: 24 of the same characters, about 143 bits."""
    return _draw(_MIXED, 24)


def new_deletion_token() -> str:
    """Return the token that deletes an account: 32 of 0-9 and a-z, about 165 bits."""
    return _draw(_LOWER, 32)


def new_api_key(prefix: str) -> str:
    """Return an API key: a prefix and 64 of a-z and A-Z, about 365 bits."""
    return prefix + _draw(_LETTERS, 64)


def new_state() -> str:
    """Return what binds an OAuth reply to its request: 32 of a-z, A-Z, 0-9, - and _, 192 bits."""
    return _draw(_URL_SAFE, 32)


def new_code_verifier() -> str:
    """Return PKCE's secret (RFC 7636 section 4.1): 128 of the same characters, its most."""
    return _draw(_URL_SAFE, 128)


def _draw(drawing: tuple[bytes, bytes], length: int) -> str:
    # All at once, which is ten times quicker than one by one.
    letters, dropped = drawing
    drawn = b""
    while len(drawn) < length:
        drawn += secrets.token_bytes(length + 8).translate(letters, dropped)
    return drawn[:length].decode()
