"""Counts kept in this process: gone when it ends, and not seen by others.

On an event loop nothing interrupts a function that awaits nothing, so no lock is needed.
"""

import time
from collections.abc import Callable, Sequence

from api_service.budgets import Balance, Counter, Full, Places

SWEPT_SECONDS = 60.0
"""How often what has run out is dropped, so that memory follows the callers of a period."""


class MemoryLedger:
    """Counters and places in dictionaries.

    Args:
        clock: Tells seconds since 1970.
    """

    waits = False

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._balances: dict[str, tuple[Balance, int]] = {}
        self._leases: dict[str, dict[str, float]] = {}
        self._swept_at = clock()

    async def reserve(self, counters: Sequence[Counter], tokens: int) -> Full | None:
        """Reserve so many tokens in each counter, or in none; return the first that is full."""
        self._sweep()
        for which, counter in enumerate(counters):
            held = self._held(counter)
            if held.used + held.reserved + tokens > counter.limit:
                return Full(which, held)
        for counter in counters:
            held = self._held(counter)
            self._set(counter, Balance(held.used, held.reserved + tokens))
        return None

    async def settle(self, counters: Sequence[Counter], reserved: int, used: int) -> None:
        """Take back what was reserved in each counter, and add what was used."""
        for counter in counters:
            held = self._held(counter)
            self._set(counter, Balance(held.used + used, max(0, held.reserved - reserved)))

    async def balances(self, counters: Sequence[Counter]) -> list[Balance]:
        """Return how each counter stands."""
        return [self._held(counter) for counter in counters]

    async def enter(self, places: Sequence[Places], lease: str, seconds: float) -> int | None:
        """Take a place in each, or in none; return the first that is full."""
        for which, each in enumerate(places):
            if len(self._living(each)) >= each.limit:
                return which
        for each in places:
            self._leases.setdefault(each.name, {})[lease] = self._clock() + seconds
        return None

    async def leave(self, places: Sequence[Places], lease: str) -> None:
        """Give the places back; those that are free already stay so."""
        for each in places:
            living = self._living(each)
            living.pop(lease, None)
            if not living:
                self._leases.pop(each.name, None)

    async def taken(self, places: Sequence[Places]) -> list[int]:
        """Return how many places are taken in each."""
        return [len(self._living(each)) for each in places]

    def _held(self, counter: Counter) -> Balance:
        balance, _ = self._balances.get(counter.name, (Balance(), 0))
        return balance

    def _set(self, counter: Counter, balance: Balance) -> None:
        self._balances[counter.name] = (balance, counter.ends_at)

    def _living(self, places: Places) -> dict[str, float]:
        leases = self._leases.get(places.name, {})
        now = self._clock()
        for lease in [each for each, until in leases.items() if until <= now]:
            del leases[lease]
        return leases

    def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept_at >= SWEPT_SECONDS:
            self._swept_at = now
            self._balances = {name: held for name, held in self._balances.items() if held[1] > now}
