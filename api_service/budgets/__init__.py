"""What answers may cost: places for answers under way, and tokens by the day and by the month.

Counts are kept in this process or in a Redis that several share. Both refuse or take all counters
of a request at once, so that no number of requests at the same moment gets past a limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Counter:
    """Tokens of one period.

    Attributes:
        name: Whose, and of which period; the same in all processes.
        limit: Most tokens used and reserved together.
        ends_at: When the period ends, in seconds since 1970; later it is forgotten.
    """

    name: str
    limit: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Balance:
    """How a counter stands.

    Attributes:
        used: Tokens that answers took.
        reserved: Tokens that answers under way may yet take.
    """

    used: int = 0
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Places:
    """So many answers at once.

    Attributes:
        name: Whose; the same in all processes.
        limit: Most answers under way.
    """

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Full:
    """What had no room, so that nothing was taken of anything.

    Attributes:
        which: Its place in what was asked for.
        balance: How it stands.
    """

    which: int
    balance: Balance


class Ledger(Protocol):
    """Keeps the counts. What it does of one call, it does at once or not at all."""

    @property
    def waits(self) -> bool:
        """Whether somebody else is asked, so that whoever calls may be cancelled meanwhile."""
        ...

    async def reserve(self, counters: Sequence[Counter], tokens: int) -> Full | None:
        """Reserve so many tokens in each counter, or in none; return the first that is full."""
        ...

    async def settle(self, counters: Sequence[Counter], reserved: int, used: int) -> None:
        """Take back what was reserved in each counter, and add what was used."""
        ...

    async def balances(self, counters: Sequence[Counter]) -> list[Balance]:
        """Return how each counter stands."""
        ...

    async def enter(self, places: Sequence[Places], lease: str, seconds: float) -> int | None:
        """Take a place in each, or in none; return the first that is full.

        Args:
            places: Where.
            lease: Names who takes them.
            seconds: After so many a place is free again whose process did not live to leave it.
        """
        ...

    async def leave(self, places: Sequence[Places], lease: str) -> None:
        """Give the places back; those that are free already stay so."""
        ...

    async def taken(self, places: Sequence[Places]) -> list[int]:
        """Return how many places are taken in each."""
        ...
