"""A breaker between us and somebody who does not answer: for a while, nobody asks.

Otherwise every question would wait for the same silence, and whoever is coming back would be met by
all of them at once. Source: M. Nygard, Release It!, 2nd edition, "Circuit Breaker".
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from api_service.metrics import CIRCUITS_OPENED
from api_service.problems import ModelUnavailable

log = structlog.get_logger(__name__)

FAILURES = 5
"""So many in a row open it."""

OPEN_SECONDS = 10.0
LONGEST_SECONDS = 60.0
"""How long it stays open, at first and at most; each trial that fails doubles it."""


class CircuitBreaker:
    """Counts how often somebody failed, and lets nobody ask for a while after too often.

    Once that while is over, one call is let through; what comes of it decides for all.

    Args:
        name: Who is asked, for the log.
        now: The time in seconds, from whenever.
    """

    def __init__(self, name: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._now = now
        self._failures = 0
        self._seconds = OPEN_SECONDS
        self._open_until: float | None = None
        self._trying = False
        # Shown from the start: of what appears with its first value, no increase is known.
        CIRCUITS_OPENED.add(name, by=0)

    @contextmanager
    def call(self) -> Iterator[Callable[[], None]]:
        """Enclose one call; yields what is to be called as soon as there is some answer.

        An answer that fails after that counts as a failure all the same. A call that is given up
        from outside, because the reader left, counts as nothing.

        Raises:
            ModelUnavailable: The breaker is open; whoever is asked has not been.
        """
        trial = self._enter()
        try:
            yield self._close if trial else _nothing
        except (ModelUnavailable, TimeoutError) as error:
            if isinstance(error, ModelUnavailable) and error.of_the_request:
                self._close()  # who refuses one request is there for others
            else:
                self._failed(trial=trial)
            raise
        else:
            self._close()
        finally:
            if trial:
                self._trying = False

    def _enter(self) -> bool:
        """Return whether the call is the one that decides for all."""
        if self._open_until is None:
            return False
        left = self._open_until - self._now()
        if left > 0 or self._trying:
            raise ModelUnavailable(retry_after=left)
        self._trying = True
        return True

    def _close(self) -> None:
        if self._open_until is not None:
            log.info("circuit_closed", name=self._name)
        self._failures = 0
        self._seconds = OPEN_SECONDS
        self._open_until = None

    def _failed(self, *, trial: bool) -> None:
        self._failures += 1
        if self._open_until is None and self._failures < FAILURES:
            return
        if self._open_until is not None:
            if not trial:
                return  # it was under way when the breaker opened
            self._seconds = min(self._seconds * 2, LONGEST_SECONDS)
        self._open_until = self._now() + self._seconds
        log.warning("circuit_opened", name=self._name, seconds=self._seconds)
        CIRCUITS_OPENED.add(self._name)


def _nothing() -> None:
    """Do what an answer changes while the breaker is closed."""
