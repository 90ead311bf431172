"""Requests whose head never ends are cut off before it fills the memory.

The parser keeps what it has of an unfinished line and knows no limit of its own, so without one a
single connection could fill the memory and, since each piece is copied to the last, stop the loop.
"""

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service_kit.security_headers import HEADERS

log = structlog.get_logger(__name__)

HEAD_BYTES = 64 * 1024
"""Longest request line and headers together, as long as the longest body; trailers alike."""


class HeadLimitProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a limit on what arrives between two bodies."""

    _head = 0  # bytes since the last sign that the request goes on

    def data_received(self, data: bytes) -> None:
        """Read on, and hang up on a head that is too long."""
        self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            log.warning("head_too_long")
            self.send_400_response("The head of the request is too long.")

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way; one whose head is incomplete is none yet."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, telling browsers what every other reply tells them."""
        if not self.is_idle:  # it would be read as the reply to the request before, or within it
            self.transport.close()
            return
        headers = (
            *self.server_state.default_headers,
            *HEADERS,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(msg)).encode()),
            (b"connection", b"close"),
        )
        lines = (b"HTTP/1.1 400 Bad Request", *(b": ".join(header) for header in headers))
        self.transport.write(b"\r\n".join((*lines, b"", msg.encode("ascii"))))
        self.transport.close()

    def on_headers_complete(self) -> None:
        """Start the request; its body is limited elsewhere."""
        self._head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body on; trailers may follow it."""
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; the next one's head begins."""
        self._head = 0
        super().on_message_complete()
