"""How connections are served: how many, and how long a caller may take to send and to read.

Whoever holds a connection without using it takes nothing from others but its place, and gives even
that up when places are short: the one that has been idle for longest makes room for the next.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from weakref import WeakSet

import structlog
from starlette.responses import PlainTextResponse
from uvicorn.config import Config
from uvicorn.server import ServerState

from service_kit.head_limit import HeadLimitProtocol
from service_kit.stopping import is_stopping

log = structlog.get_logger(__name__)

RETRY_AFTER = 2  # seconds

SWEEP_SECONDS = 1.0

ROOM_MADE = 64
"""Idle connections closed at once where places are short, so that looking for them costs little."""

REQUESTS_AHEAD = 64
"""Requests that may wait on one connection for the reply to the one before them.

The parser makes something of all that it has read, a thousand times what a short one takes to send.
"""

REFUSED_AT_ONCE = 64
"""Connections beyond the limit that are kept until they have been told so."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a caller may take.

    Attributes:
        connections: Of one process.
        head_seconds: From the first byte of a request, or the connection's beginning, to the end
            of the headers.
        body_seconds: From there to the end of the body.
        write_seconds: How long a full buffer may wait for a reader, and one that is closing.
    """

    connections: int = 4096
    head_seconds: float = 15.0
    body_seconds: float = 30.0
    write_seconds: float = 60.0


class TooManyAhead(Exception):
    """A caller has sent more requests than may wait on a connection."""


class ServingProtocol(HeadLimitProtocol):
    """uvicorn's protocol within limits; once the service stops, a reply ends its connection.

    A proxy keeps connections for later, and would send its next request on one that is just being
    closed.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        limits: ConnectionLimits = ConnectionLimits(),
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._waits_for: Literal["head", "body"] | None = "head"
        self._since = 0.0  # what it is waited for, or the last reply
        self._stuck_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take a connection; where places are short, others make room, or its caller is refused."""
        super().connection_made(transport)
        if (stopping := self.app_state.get("stopping")) is not None:
            stopping.watch(self.tasks)
        self._since = self.loop.time()
        _sweep(self.server_state, self.loop)
        beyond = len(self.connections) - self._limits.connections
        if beyond <= 0 or self._make_room():
            return
        if beyond > REFUSED_AT_ONCE:
            transport.abort()
            return
        self.app = _refuse

    def data_received(self, data: bytes) -> None:
        """Read on; a request begins where none was under way."""
        if self._waits_for is None and self.is_idle:
            self._wait_for("head")
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request, perhaps while the one before it is answered.

        Raises:
            TooManyAhead: More wait on this connection than may; the parser reads no further.
        """
        if len(self.pipeline) >= REQUESTS_AHEAD:
            log.info("too_many_requests_ahead")
            raise TooManyAhead
        if self._waits_for is None:
            self._wait_for("head")
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request, as the last of its connection where the service stops."""
        self._wait_for("body")
        super().on_headers_complete()
        if is_stopping(self.app_state):
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """End the request: nothing more is waited for."""
        self._waits_for = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Be idle from now on."""
        self._since = self.loop.time()
        super().on_response_complete()

    def judge(self, now: float) -> None:
        """Hang up on a caller who takes too long; called every SWEEP_SECONDS.

        Args:
            now: The loop's time.
        """
        if self.transport.is_closing() or self.flow.write_paused:
            if self._stuck_since is None:
                self._stuck_since = now
            if now - self._stuck_since > self._limits.write_seconds:
                log.info("caller_too_slow", part="reading")
                self.transport.abort()
            return
        self._stuck_since = None
        if self._waits_for is None:
            return
        if self.flow.read_paused:  # it is we who do not read
            self._since = now
        elif self._waits_for == "head":
            if self.is_idle and now - self._since > self._limits.head_seconds:
                self._hang_up("head")
        elif now - self._since > self._limits.body_seconds:
            self._hang_up("body")

    def _wait_for(self, part: Literal["head", "body"]) -> None:
        self._waits_for = part
        self._since = self.loop.time()

    def _hang_up(self, part: str) -> None:
        log.info("caller_too_slow", part=part)
        # A browser that has connected ahead would take it for the reply to its first request.
        asked = self._head > 0 if part == "head" else not self.cycle.response_started
        if asked:
            status = HTTPStatus.REQUEST_TIMEOUT
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            self.transport.write(f"{line}connection: close\r\ncontent-length: 0\r\n\r\n".encode())
        self.transport.close()

    def _make_room(self) -> bool:
        """Close those that have been idle for longest; tell whether there were any."""
        idle = sorted(
            (
                each
                for each in self.connections
                if isinstance(each, ServingProtocol)
                and each is not self
                and each.is_idle
                and not each.transport.is_closing()
            ),
            key=lambda each: each._since,  # noqa: SLF001 -- of the same class
        )
        for each in idle[:ROOM_MADE]:
            each.transport.close()
        if idle:
            log.warning("idle_connections_closed", count=len(idle[:ROOM_MADE]))
        return bool(idle)


_swept: WeakSet[ServerState] = WeakSet()


def _sweep(server: ServerState, loop: asyncio.AbstractEventLoop) -> None:
    """Have all connections of a server judged from time to time, as long as it has any.

    One timer for all: two for each request would cost more than the rest of this.
    """
    if server in _swept:
        return

    def judge_all() -> None:
        now = loop.time()
        for connection in list(server.connections):
            if isinstance(connection, ServingProtocol):
                connection.judge(now)
        if server.connections:
            loop.call_later(SWEEP_SECONDS, judge_all)
        else:
            _swept.discard(server)

    _swept.add(server)
    loop.call_later(SWEEP_SECONDS, judge_all)


_refuse = PlainTextResponse(
    "As many connections as may be are in use.",
    status_code=HTTPStatus.SERVICE_UNAVAILABLE,
    headers={"Retry-After": str(RETRY_AFTER), "Connection": "close"},
)
