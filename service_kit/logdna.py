"""Log lines sent to LogDNA (now Mezmo): in batches, from a bounded queue, by a thread of its own.

What the service does never waits for it: a line for which there is no room is dropped and counted.
The protocol is https://docs.mezmo.com/reference/ingest.
"""

import asyncio
import atexit
import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, ParamSpec, TypeVar, cast

import httpx
import structlog

from service_kit.metrics.dropped import DROPPED

log = structlog.get_logger(__name__)

QUEUE_BYTES = 8 * 1024 * 1024
"""Most that waits to be sent, of some 300 bytes a line."""

BATCH_BYTES = 1024 * 1024
"""Most sent at once; LogDNA takes ten times that."""

LINE_LENGTH = 32_000
"""Longest line, in characters; LogDNA keeps no more of one, so the rest is cut off here."""

BATCH_SECONDS = 1.0
"""How long lines are gathered for a batch."""

ANSWER_SECONDS = 10.0
"""How long a batch may take in all, however slowly it is taken and answered."""

PAUSE_SECONDS = 1.0
"""Before a batch is sent again; twice as long each time, up to MOST_PAUSE_SECONDS."""

MOST_PAUSE_SECONDS = 30.0

FLUSH_SECONDS = 2.0
"""How long the end of the process waits for the last lines."""

_JSON = {"Content-Type": "application/json"}
_FLUSH_STEP_SECONDS = 0.05
_ROOM_OF_A_LINE = 100  # bytes beside its text, waiting or sent
_OK = range(200, 300)
_PASSING = {408, 425, 429, *range(500, 600)}
_P = ParamSpec("_P")
_T = TypeVar("_T")
_LEVEL = re.compile(r'"level": ?"([a-z]+)"')


class _Line(NamedTuple):
    text: str
    at: int  # milliseconds since 1970

    @property
    def size(self) -> int:
        return len(self.text) + _ROOM_OF_A_LINE


@dataclass(slots=True)
class Counts:
    """What has become of the lines.

    Attributes:
        sent: Taken by LogDNA.
        dropped: For want of room, refused, or late when the process ended.
    """

    sent: int = 0
    dropped: int = 0


class LogDna:
    """Sends what is written to it; takes lines from any thread.

    Args:
        url: Where to.
        key: The ingestion key.
        app: Whose lines these are.
        queue_bytes: Most that waits.
    """

    def __init__(self, url: str, key: str, *, app: str, queue_bytes: int = QUEUE_BYTES) -> None:
        self.counts = Counts()
        self._url = url
        self._key = key
        self._app = app
        self._most = queue_bytes
        self._held = 0  # bytes that wait or are under way
        self._lines: deque[_Line] = deque()
        self._under_way: list[_Line] = []
        # A line may be written while another is: Python cleans up, and speaks of it, at any moment.
        # So no lock here may be one that its holder cannot take again, as an Event's is.
        self._lock = threading.RLock()
        self._closed = False
        self._away = False
        self._told = 0  # of the lines dropped
        self._measured = 0  # likewise
        self._given_up = False  # a flush took too long
        self._begun = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._wake: asyncio.Event
        self._sending: asyncio.Task[None]
        self._thread = threading.Thread(target=self._run, name="logdna", daemon=True)
        self._thread.start()
        self._begun.wait()
        atexit.register(self.close)

    def write(self, text: str) -> None:
        """Take a line, if there is room."""
        if not text.strip():
            return
        line = _Line(text.rstrip("\n")[:LINE_LENGTH], time.time_ns() // 1_000_000)
        with self._lock:
            if self._closed or self._held + line.size > self._most:
                self.counts.dropped += 1
                return
            self._held += line.size
            self._lines.append(line)

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Send what waits at once, and wait for it; return whether all of it is gone by then."""
        deadline = time.monotonic() + seconds
        while self._held and (left := deadline - time.monotonic()) > 0:
            self._tell_loop(self._wake.set)
            time.sleep(min(left, _FLUSH_STEP_SECONDS))
        self._given_up = bool(self._held)
        return not self._given_up

    def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Send what waits, and end; what is not gone by then is lost, and counted.

        Where LogDNA is away, or a flush has waited in vain, it is not waited for again.
        """
        atexit.unregister(self.close)
        if not (self._away or self._given_up):
            self.flush(seconds)
        with self._lock:
            self._closed = True
        self._tell_loop(self._sending.cancel)
        self._thread.join(FLUSH_SECONDS)
        with self._lock:
            self.counts.dropped += len(self._lines) + len(self._under_way)
            self._lines.clear()
            self._under_way = []
        self._measure()

    def _tell_loop(self, callback: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # closed
            self._loop.call_soon_threadsafe(callback)

    def _run(self) -> None:
        with asyncio.Runner() as runner, suppress(asyncio.CancelledError):
            runner.run(self._send())

    async def _send(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(_Unawaited())
        self._wake = asyncio.Event()
        self._sending = cast("asyncio.Task[None]", asyncio.current_task())
        self._begun.set()
        async with httpx.AsyncClient(headers={"apikey": self._key}) as http:
            while True:
                if self._held < BATCH_BYTES:
                    await self._sleep(BATCH_SECONDS)
                if self._take():
                    await self._deliver(http)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, unless woken."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()
        self._measure()

    def _take(self) -> bool:
        """Put the lines to send next under way; they keep their room until they are gone."""
        size = 0
        with self._lock:
            while self._lines and (not size or size + self._lines[0].size <= BATCH_BYTES):
                self._under_way.append(self._lines.popleft())
                size += self._under_way[-1].size
        return bool(size)

    async def _deliver(self, http: httpx.AsyncClient) -> None:
        pause = PAUSE_SECONDS
        while (failure := await self._post(http)) and failure.passes:
            self._tell_away(failure.reason)
            await self._sleep(pause)
            pause = min(2 * pause, MOST_PAUSE_SECONDS)
        with self._lock:
            if failure is None:
                self.counts.sent += len(self._under_way)
            else:
                self.counts.dropped += len(self._under_way)
        self._measure()
        if failure is None:
            self._tell_here()
        else:
            self._tell_away(failure.reason)
        # Last, so that whoever flushes hears what is said of it.
        with self._lock:
            self._held -= sum(line.size for line in self._under_way)
            self._under_way = []

    async def _post(self, http: httpx.AsyncClient) -> "_Failure | None":
        query: dict[str, str | int] = {
            "hostname": socket.gethostname(),
            "now": time.time_ns() // 1_000_000,
        }
        body = json.dumps({"lines": [self._told_of(line) for line in self._under_way]})
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await http.post(self._url, params=query, content=body, headers=_JSON)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the thread goes on
            return _Failure(type(error).__name__, passes=True)
        if reply.status_code in _OK:
            return None
        return _Failure(str(reply.status_code), passes=reply.status_code in _PASSING)

    def _measure(self) -> None:
        """Count for the metrics what is lost; `write` does not, since it may be called anywhere."""
        dropped = self.counts.dropped
        DROPPED.add("logdna", by=dropped - self._measured)
        self._measured = dropped

    def _told_of(self, line: _Line) -> dict[str, str | int]:
        told: dict[str, str | int] = {"line": line.text, "app": self._app, "timestamp": line.at}
        level = _LEVEL.search(line.text)
        return told | {"level": level[1]} if level else told

    def _tell_away(self, reason: str) -> None:
        """Say once that lines do not arrive; it is said on the service's own stream, too."""
        if not self._away:
            self._away = True
            log.warning("logdna_away", reason=reason)

    def _tell_here(self) -> None:
        """Say that lines arrive again, and how many have not."""
        dropped = self.counts.dropped
        if self._away or dropped > self._told:
            self._away = False
            log.warning("logdna_here", lines_dropped=dropped - self._told)
            self._told = dropped


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    passes: bool


class _Unawaited(ThreadPoolExecutor):
    """Looks names up in threads that the end of the process does not wait for.

    A resolver that is away takes half a minute to say so.
    """

    def submit(self, call: Callable[_P, _T], /, *args: _P.args, **named: _P.kwargs) -> Future[_T]:
        """Call it in a thread of its own; LogDNA is the only one who is looked up."""
        future: Future[_T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(call(*args, **named))
            except BaseException as error:  # noqa: BLE001 -- handed on
                future.set_exception(error)

        threading.Thread(target=run, name="logdna-resolver", daemon=True).start()
        return future
