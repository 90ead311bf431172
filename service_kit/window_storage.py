"""Counts kept in this process, as a storage of `limits`.

The one `limits` brings hands each key to a thread whenever anything is counted: measured here,
three quarters of a millisecond of processor time a request, twice what reading a session takes.
On an event loop nothing interrupts a function that awaits nothing, so no lock is needed either.
"""

import time
from collections import deque
from dataclasses import dataclass

from limits.aio.storage import MovingWindowSupport, Storage


@dataclass(slots=True)
class _Counter:
    count: int
    expires_at: float


class WindowStorage(Storage, MovingWindowSupport):
    """Counters, and moving windows of the times of requests; times are in seconds since 1970.

    Keys that have run out are dropped now and then, so memory follows the requests of the
    longest window and not those ever seen.

    Args:
        sweep_seconds: How often what has run out is dropped.
    """

    STORAGE_SCHEME = None

    def __init__(self, *, sweep_seconds: float = 10.0) -> None:
        super().__init__()
        self._sweep_seconds = sweep_seconds
        self._counters: dict[str, _Counter] = {}
        self._windows: dict[str, tuple[deque[float], int]] = {}
        self._swept_at = time.time()

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What may go wrong: nothing."""
        return ()

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter; a new one lives for expiry seconds."""
        now = self._sweep()
        counter = self._counters.get(key)
        if counter is None or counter.expires_at <= now:
            counter = self._counters[key] = _Counter(0, now + expiry)
        counter.count += amount
        return counter.count

    async def get(self, key: str) -> int:
        """Return a counter's value, 0 where there is none."""
        counter = self._counters.get(key)
        return counter.count if counter and counter.expires_at > time.time() else 0

    async def get_expiry(self, key: str) -> float:
        """Return when a counter ends."""
        counter = self._counters.get(key)
        return counter.expires_at if counter else time.time()

    async def extend(self, key: str, seconds: float) -> None:
        """Have a counter end so many seconds from now."""
        if counter := self._counters.get(key):
            counter.expires_at = time.time() + seconds

    async def clear(self, key: str) -> None:
        """Drop what is kept of a key."""
        self._counters.pop(key, None)
        self._windows.pop(key, None)

    async def check(self) -> bool:
        """Say that it works."""
        return True

    async def reset(self) -> int | None:
        """Drop everything; return how many keys that were."""
        dropped = len(self._counters) + len(self._windows)
        self._counters.clear()
        self._windows.clear()
        return dropped

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note amount requests, if the window of expiry seconds has room for them."""
        now = self._sweep()
        times, _ = self._windows.setdefault(key, (deque(), expiry))
        _drop_before(times, now - expiry)
        if len(times) + amount > limit:
            return False
        times.extend([now] * amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the oldest request in the window, and how many there are."""
        del limit
        now = time.time()
        times, _ = self._windows.get(key, (deque(), expiry))
        _drop_before(times, now - expiry)
        return (times[0], len(times)) if times else (now, 0)

    def _sweep(self) -> float:
        now = time.time()
        if now - self._swept_at >= self._sweep_seconds:
            self._swept_at = now
            self._counters = {k: c for k, c in self._counters.items() if c.expires_at > now}
            self._windows = {
                k: (times, expiry)
                for k, (times, expiry) in self._windows.items()
                if times and times[-1] > now - expiry
            }
        return now


def _drop_before(times: deque[float], moment: float) -> None:
    while times and times[0] <= moment:
        times.popleft()
