"""Addresses in an answer: those of the book's own origins, those its sources have, and others."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

OMITTED = "…"
"""What stands in place of an address elsewhere."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s<>()\[\]{}|\"'`]*")
# Never "//host", nor what becomes that when an entity is read.
_WITHIN = re.compile(r"/(?![/&])|#")
# What no renderer ends an address at, so that another could begin within it.
_PLAIN = re.compile(r"[/?#][\w\-./?#=%+&]*")
_ANOTHER = re.compile(r"://|@|www\.", re.IGNORECASE)
_AFTER = ".,;:!?'*_~"  # ends a sentence rather than an address


def origin(address: str) -> str:
    """Return the scheme, host and port of an address, "" where it has none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else ""


class Addresses:
    """Tells the book's addresses from others.

    Args:
        origins: The book's own, as `origin` returns them.
        quoted: Tells whether the sources have an address, word for word.
    """

    def __init__(self, origins: Iterable[str], quoted: Callable[[str], bool]) -> None:
        self._origins = frozenset(each for each in origins if each)
        self._quoted = quoted

    def are_own(self, address: str, after: str) -> bool:
        """Tell whether an absolute address leads to the book, wherever a browser has it end.

        Args:
            address: It begins with a scheme.
            after: The character that follows it, "" for none.
        """
        for rest in self._beyond_origin(address):
            if _PLAIN.fullmatch(rest.rstrip(_AFTER)):
                return True
            # The host could go on in what a reader takes for the end of a sentence.
            if not rest.strip(_AFTER) and (not after or after.isspace()):
                return True
        return False

    def may_be_linked(self, target: str) -> bool:
        """Tell whether a link's target lies in the book."""
        # Where no bracket opens a link, its target is words, and those are searched for addresses.
        within = [target] if _WITHIN.match(target) else self._beyond_origin(target)
        return any(
            rest.startswith(("/", "?", "#")) and not _ANOTHER.search(rest) for rest in within
        )

    def _beyond_origin(self, address: str) -> list[str]:
        """Return what follows the book's origin in an address; nothing if it has another."""
        address = address.lower()
        own = (each for each in self._origins if address.startswith(each))
        return [address.removeprefix(each) for each in own]

    def kept_in_code(self, code: str) -> str:
        """Return code without addresses that are neither the book's nor in its sources."""

        def judged(found: re.Match[str]) -> str:
            known = self.are_own(found[0], "") or self._quoted(found[0])
            return found[0] if known else OMITTED

        return _ADDRESS.sub(judged, code) if "://" in code else code
