"""How long a vendor that is busy or away is waited for."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may wait in all before it is given up, and who is told of waiting.

    Attributes:
        seconds: From its first failure.
        told: Called with a sentence before a wait that somebody would wonder about.
        tries: How often it is sent at most; None: as often as there is time for.
    """

    seconds: float
    told: Callable[[str], None]
    tries: int | None = None


def nobody(_sentence: str) -> None:
    """Be told, and do nothing."""


A_READERS = Patience(seconds=2.0, told=nobody, tries=2)
"""That of a search, which can do without."""
