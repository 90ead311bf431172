"""Threads for work that would block the event loop, with a bounded queue before them."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from auth_service.errors import Busy
from auth_service.metrics import HASHES, HASHING, TURNED_AWAY
from auth_service.password_rules import PasswordRules

Result = TypeVar("Result")


class WorkerPool:
    """Runs functions in threads of its own; more than fit in its queue are turned away.

    Hashing a password takes tens of milliseconds and 19 MiB. Without a bound, a flood of
    sign-ins would queue until every reply came too late to be of use.

    Args:
        threads: Functions run at the same time.
        queue: Functions that may wait for a thread.
        rules: What is done to the passwords in it.
    """

    def __init__(self, *, threads: int, queue: int, rules: PasswordRules | None = None) -> None:
        self.rules = rules or PasswordRules()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self.places = threads + queue
        self._free = BoundedSemaphore(self.places)

    async def run(self, function: Callable[[], Result]) -> Result:
        """Return what function returns.

        Raises:
            Busy: The queue is full; function was not called.
        """
        if not self._free.acquire(blocking=False):
            TURNED_AWAY.add()
            raise Busy
        HASHES.add(1)
        began = time.perf_counter()

        def done(_future: object) -> None:
            self._free.release()
            HASHES.add(-1)
            HASHING.took(time.perf_counter() - began)

        future = self._executor.submit(function)
        # Bound to the work, not to who waits for it: a caller who hangs up frees no thread.
        future.add_done_callback(done)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for what runs and drop what waits."""
        self._executor.shutdown(cancel_futures=True)
