"""How many answers one process gives at once, to everybody together; a search counts as one."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from api_service.budget_problems import TooBusy

log = structlog.get_logger(__name__)

SOON = 2
"""Seconds after which a place may be free."""


class Crowd:
    """The answers this process has under way; more would only make all of them late.

    Args:
        most: Of them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one answer.

        Raises:
            TooBusy: As many as may be are under way.
        """
        if self._under_way >= self._most:
            log.warning("too_many_answers_under_way", most=self._most)
            raise TooBusy(retry_after=SOON)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
