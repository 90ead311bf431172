"""Where a followed link sends its reader on to, by the rules of the URL Standard.

The URLs are those `origins.allows_redirect` has let through.
"""

from collections.abc import Iterable

import ada_url

from auth_service.error_codes import Code
from auth_service.errors import Refused

_NOWHERE = "https://callback.invalid"  # RFC 2606 section 2


def with_error(url: str, error: str, description: str | None = None) -> str:
    """Return a URL with `error=…` added after its query and before its fragment.

    A path stays a path. Both come out in the standard's percent-encoding; the query that was
    there is not taken apart.

    Args:
        url: Absolute, or a path.
        error: What went wrong, in a word.
        description: The same in a sentence, as `error_description`.

    Raises:
        Refused: INVALID_CALLBACK_URL, it is no URL.
    """
    is_path = url.startswith("/")
    parsed = _parsed(url, _NOWHERE if is_path else None)
    query = parsed.search.removeprefix("?")
    separator = "" if not query or query.endswith("&") else "&"
    said = [("error", error)] + ([("error_description", description)] if description else [])
    parsed.search = f"{query}{separator}{encoded(said)}"
    return parsed.href.removeprefix(_NOWHERE) if is_path else parsed.href


def encoded(parameters: Iterable[tuple[str, str]]) -> str:
    """Return parameters as a query, in the encoding of forms."""
    query = ada_url.URLSearchParams("")
    for name, value in parameters:
        query.append(name, value)
    return str(query)


def with_parameter(url: str, base: str, name: str, value: str) -> str:
    """Return an absolute URL whose query holds a parameter once.

    Args:
        url: Absolute, or a path.
        base: The address a path belongs to.
        name: Of the parameter.
        value: Of the parameter.

    Raises:
        Refused: INVALID_CALLBACK_URL, it is no URL.
    """
    parsed = _parsed(url, base)
    query = ada_url.URLSearchParams(parsed.search.removeprefix("?"))
    query.set(name, value)
    parsed.search = str(query)
    return parsed.href


def _parsed(url: str, base: str | None) -> ada_url.URL:
    try:
        return ada_url.URL(url, base=base)
    except ValueError as error:
        raise Refused(Code.INVALID_CALLBACK_URL) from error
