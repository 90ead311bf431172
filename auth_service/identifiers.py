"""Row ids and session tokens, in the form Better Auth gives them."""

import secrets
import string

LENGTH = 32

_ALPHABET = string.ascii_letters + string.digits


def new_identifier() -> str:
    """Return LENGTH characters of a-z, A-Z and 0-9, each drawn without bias: about 190 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))
