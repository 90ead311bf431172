"""What holds for an API key's name, prefix, lifetime and metadata."""

from datetime import timedelta

from auth_service.error_codes import Code
from auth_service.errors import Refused

_LONGEST = 32  # of name and prefix, in UTF-16 units as JavaScript counts
_DAYS = (1, 365)


def check_new(name: str | None, prefix: str | None, seconds: float | None) -> timedelta | None:
    """Return how long a key to be made lives, None without end, if all is within bounds.

    Raises:
        Refused: EXPIRES_IN_IS_TOO_SMALL or _LARGE, INVALID_PREFIX_LENGTH, INVALID_NAME_LENGTH.
    """
    lifetime = check_lifetime(seconds)
    if prefix and _length(prefix) > _LONGEST:
        raise Refused(Code.INVALID_PREFIX_LENGTH)
    if name and _length(name) > _LONGEST:
        raise Refused(Code.INVALID_NAME_LENGTH)
    return lifetime


def check_name(name: str) -> None:
    """Refuse a new name of a key that is empty or too long.

    Raises:
        Refused: INVALID_NAME_LENGTH.
    """
    if not 1 <= _length(name) <= _LONGEST:
        raise Refused(Code.INVALID_NAME_LENGTH)


def check_lifetime(seconds: float | None) -> timedelta | None:
    """Return a key's lifetime, None without end, if it is within bounds.

    Raises:
        Refused: EXPIRES_IN_IS_TOO_SMALL or EXPIRES_IN_IS_TOO_LARGE.
    """
    if seconds is None:
        return None
    least, most = (timedelta(days=days).total_seconds() for days in _DAYS)
    if seconds < least:
        raise Refused(Code.EXPIRES_IN_IS_TOO_SMALL)
    if seconds > most:
        raise Refused(Code.EXPIRES_IN_IS_TOO_LARGE)
    return timedelta(milliseconds=int(seconds * 1000))


def check_metadata(metadata: object) -> None:
    """Refuse metadata that is neither a JSON object or array nor null.

    Raises:
        Refused: INVALID_METADATA_TYPE.
    """
    if metadata is not None and not isinstance(metadata, dict | list):
        raise Refused(Code.INVALID_METADATA_TYPE)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
