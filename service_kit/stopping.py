"""Told to stop: what a service does from the signal to its end, in this order.

1. `/ready` says 503, and each reply ends its connection; callers are still served, since whoever
   sends them here hears of it only now. This lasts SHUTDOWN_NOTICE.
2. Nobody is let in any more; what is under way goes on.
3. SHUTDOWN_GRACE after the signal what is still under way is ended: a stream that has begun says so
   in its last event, any other request is answered with 503.
4. Pools are closed, and the process ends with 0.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog

log = structlog.get_logger(__name__)

SIGNALS: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM)

LAST_WORDS_SECONDS = 1.0
"""What requests that are ended get to say so and to give back what they hold; then pools close."""


class Stopping:
    """Whether the service has been told to stop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._under_way: Collection[asyncio.Task[None]] = ()

    @property
    def told(self) -> bool:
        """Whether it has."""
        return self._event.is_set()

    def tell(self) -> None:
        """Have everybody who asks know."""
        self._event.set()

    async def wait(self) -> None:
        """Return when it has been told."""
        await self._event.wait()

    def watch(self, under_way: Collection[asyncio.Task[None]]) -> None:
        """Know the requests under way: those that are in this collection at the time."""
        self._under_way = under_way

    async def last_words(self) -> None:
        """Wait for requests that are being ended; the server would close all pools meanwhile."""
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=LAST_WORDS_SECONDS)


def is_stopping(state: Mapping[str, Any]) -> bool:
    """Tell whether the service of a lifespan's state has been told to stop."""
    stopping = state.get("stopping")
    return stopping is not None and stopping.told


@asynccontextmanager
async def stopping_on_signals(notice: timedelta) -> AsyncIterator[Stopping]:
    """Hear the signals that end this process, and hand them on to the server after the notice.

    The server refuses callers as soon as it hears of a signal, too early for a proxy that has yet
    to look elsewhere. Where no server listens for signals, as in most tests, none are heard here.

    Args:
        notice: How long callers are still let in; not after Ctrl-C, nor after a second signal.
    """
    stopping = Stopping()
    loop = asyncio.get_running_loop()
    servers: dict[int, Callable[[int, FrameType | None], object]] = {}

    def on_signal(number: int) -> None:
        waits = number == signal.SIGTERM and not stopping.told
        if not stopping.told:
            log.info("service_stopping", signal=signal.Signals(number).name)
        stopping.tell()
        loop.call_later(notice.total_seconds() if waits else 0, servers[number], number, None)

    def hear(number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(on_signal, number)

    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            before = signal.getsignal(number)
            # Python's own for Ctrl-C is nobody's who would stop in an orderly way.
            if callable(before) and before is not signal.default_int_handler:
                servers[number] = before
                signal.signal(number, hear)
    try:
        yield stopping
        await stopping.last_words()
    finally:
        for number, before in servers.items():
            if signal.getsignal(number) is hear:
                signal.signal(number, before)


def end_with_0() -> None:
    """Have the process end with 0 at a signal where no server listens: before it, and after.

    Having stopped, the server raises its signals once more. An orchestrator would take a death by
    signal for a failure, and a container's first process does not hear signals nobody listens to.
    """
    for number in SIGNALS:
        signal.signal(number, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
