"""How a caller stands: what there is, and what is left of it."""

from dataclasses import dataclass
from typing import Literal

from api_service.budgets import Balance

Scope = Literal["user", "api_key", "everyone"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens of one period, as somebody has them.

    Attributes:
        scope: Who shares them.
        limit: How many there are.
        balance: How many are gone.
        window: How long the period is, in seconds.
        ends_at: When it ends, in seconds since 1970.
    """

    scope: Scope
    limit: int
    balance: Balance
    window: int
    ends_at: int

    @property
    def remaining(self) -> int:
        """What is neither used nor reserved."""
        return max(0, self.limit - self.balance.used - self.balance.reserved)


@dataclass(frozen=True, slots=True)
class Streams:
    """Places for answers under way, as somebody has them."""

    scope: Scope
    limit: int
    taken: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands, where there are limits."""

    tokens: tuple[Budget, ...]
    streams: tuple[Streams, ...]
