"""Row ids and tokens, in the form Better Auth gives them."""

import secrets
import string

LENGTH = 32

_ALPHABET = string.ascii_letters + string.digits


def new_identifier() -> str:
    """Return LENGTH characters of a-z, A-Z and 0-9, each drawn without bias: about 190 bits."""
    return _draw(_ALPHABET, LENGTH)


def new_reset_token() -> str:
    """Return the token of a password reset: 24 of the same characters, about 143 bits."""
    return _draw(_ALPHABET, 24)


def new_deletion_token() -> str:
    """Return the token that deletes an account: 32 of 0-9 and a-z, about 165 bits."""
    return _draw(string.digits + string.ascii_lowercase, 32)


def _draw(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
