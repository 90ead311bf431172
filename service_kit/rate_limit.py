"""So many requests per window and key."""

import math
import time
from typing import Annotated

from limits import RateLimitItem, parse, parse_many
from pydantic import AfterValidator
from slowapi import Limiter


def _rate(value: str) -> str:
    try:
        limits = parse_many(value)
    except ValueError:
        limits = []
    # Of several, the others would silently not count; none at all is a service switched off.
    if len(limits) != 1 or limits[0].amount < 1:
        raise ValueError("is not a limit such as 10/minute or 500/day")
    return value


Rate = Annotated[str, AfterValidator(_rate)]
"""A limit in slowapi's notation, such as "10/minute"."""


class RateLimited(Exception):
    """The key has used up its requests.

    Attributes:
        retry_after: Whole seconds until the next request is allowed, at least 1.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after} s.")
        self.retry_after = retry_after


class RateLimit:
    """One limit, counted per key in this process.

    slowapi's decorator counts after the body has been read and the route resolved. Counting is
    meant to come first, so its limiter is asked directly and its storage and strategy are used.
    """

    def __init__(self, limit: Rate) -> None:
        self.item: RateLimitItem = parse(limit)
        self._strategy = Limiter(key_func=str, strategy="moving-window").limiter

    def hit(self, key: str) -> None:
        """Count one request of key.

        Raises:
            RateLimited: The window is full; nothing was counted.
        """
        if self._strategy.hit(self.item, key):
            return
        reset_at, _ = self._strategy.get_window_stats(self.item, key)
        raise RateLimited(max(1, math.ceil(reset_at - time.time())))
