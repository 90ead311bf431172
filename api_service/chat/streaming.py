"""A reply that goes out while its answer comes about."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api_service.chat.events import Done, Event
from api_service.chat.voices import Voice
from api_service.dependencies import departure
from api_service.metrics import PROBLEMS
from api_service.problems import RESTARTED, Problem, Unavailable, Unexpected
from service_kit.crashes import log_crash

log = structlog.get_logger(__name__)

PING_SECONDS = 10.0
"""Longest silence; proxies close what is silent for longer, often after 30 to 60 seconds."""

STALLED_SECONDS = 30.0
"""How long a reader may take nothing in before they count as gone."""

_PING = b": ping\n\n"


class EventStream(Response):
    """Tells an answer as server-sent events; a reader who goes away ends all work for it.

    The reply begins with the first byte the voice has to say, or with the first ping. Until then a
    failure is raised, to be refused as any other; from then on it is the voice's to say.

    Args:
        events: The answer; closed, whatever happens.
        voice: How it is said.
        ping_seconds: Longest silence.
        stalled_seconds: How long one piece may wait for a reader who takes nothing in.
    """

    media_type = "text/event-stream"
    charset = "utf-8"

    def __init__(
        self,
        events: AsyncGenerator[Event],
        voice: Voice,
        *,
        ping_seconds: float = PING_SECONDS,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        super().__init__(
            headers={
                "Cache-Control": "no-store, no-transform",  # no compression, which would hold it
                "X-Accel-Buffering": "no",
                **voice.headers,
            }
        )
        del self.headers["content-length"]
        self._events = events
        self._voice = voice
        self._ping_seconds = ping_seconds
        self._stalled_seconds = stalled_seconds

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002 -- ASGI's
        receive: Receive,
        send: Send,
    ) -> None:
        """Send it.

        Raises:
            ClientDisconnect: The reader has gone before anything was sent.
            Problem: The answer failed before anything was sent.
        """
        wire = _Wire(send, self.status_code, self.raw_headers)
        telling = asyncio.create_task(self._tell(wire))
        others = (
            asyncio.create_task(departure(receive)),
            asyncio.create_task(self._watch(wire)),
        )
        stopped = False
        try:
            await asyncio.wait({telling, *others}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
            elif not wire.begun:
                raise ClientDisconnect
        except asyncio.CancelledError:  # the service stops, and has waited long enough
            stopped = True
            raise
        finally:
            for task in (telling, *others):
                task.cancel()
            await asyncio.gather(telling, *others, return_exceptions=True)
            if stopped and wire.begun and not wire.ended:
                await wire.send(self._voice.fail(Unavailable(RESTARTED)))
                await wire.end()

    async def _tell(self, wire: "_Wire") -> None:
        voice = self._voice
        event: Event | None = None
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    if said := voice.say(event):
                        await wire.send(said)
            _require_end(event)
        except Exception as error:
            if not wire.begun:
                raise
            await wire.send(voice.fail(_told(error)))
        await wire.end()

    async def _watch(self, wire: "_Wire") -> None:
        """Break silences; return when the reader takes nothing in any more."""
        while True:
            now = time.monotonic()
            if wire.waiting_since is not None:
                left = wire.waiting_since + self._stalled_seconds - now
                if left <= 0:
                    log.info("reader_stalled")
                    return
                await asyncio.sleep(min(left, self._ping_seconds))
            elif (left := wire.spoken_at + self._ping_seconds - now) > 0:
                await asyncio.sleep(left)
            else:
                try:
                    async with asyncio.timeout(self._stalled_seconds):
                        await wire.send(_PING)
                except TimeoutError:
                    log.info("reader_stalled")
                    return


class _Wire:
    """The way to the reader, and when it was last used."""

    def __init__(self, send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.begun = False
        self.ended = False
        self.spoken_at = time.monotonic()
        self.waiting_since: float | None = None
        self._send = send
        self._start: Message = {"type": "http.response.start", "status": status, "headers": headers}

    async def send(self, said: bytes) -> None:
        await self._pass(said, more=True)

    async def end(self) -> None:
        self.ended = True
        await self._pass(b"", more=False)

    async def _pass(self, said: bytes, *, more: bool) -> None:
        self.waiting_since = self.spoken_at = time.monotonic()
        if not self.begun:
            self.begun = True
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": said, "more_body": more})
        self.waiting_since = None


def _require_end(event: Event | None) -> None:
    if not isinstance(event, Done):
        raise RuntimeError("the answer has no end")  # noqa: TRY004 -- no argument of a caller's


def _told(error: Exception) -> Problem:
    """Return what is said of a failure; what nobody expected is logged, since nothing else will."""
    if isinstance(error, Problem):
        log.info("stream_failed", problem=error.kind, status=error.status)
        PROBLEMS.add(error.kind.removeprefix("/problems/"))
        return error
    log_crash(error)
    return Unexpected()
