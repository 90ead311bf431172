"""How long a command waits for a vendor that is busy or away."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may wait in all before it is given up, and who is told of waiting.

    Attributes:
        seconds: From its first failure.
        told: Called with a sentence before a wait that somebody would wonder about.
    """

    seconds: float
    told: Callable[[str], None]
