"""The name of a request: taken from the caller or made here, on every log line and every reply.

With it goes the trace the request is part of; see trace_context.
"""

import random
import re
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit import trace_context

HEADER = "X-Request-ID"

_NAME, _TRACE = HEADER.lower().encode(), trace_context.HEADER.encode()  # as ASGI has them

# A caller's id is echoed and logged, so only a form that can harm neither is accepted.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,64}")

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the id of the request being served, or "" outside of one."""
    return _request_id.get()


def headers_of_the_request() -> dict[str, str]:
    """Return the headers by which another service hears for which request it is asked."""
    trace = trace_context.current()
    told = {} if trace is None else trace.headers
    return told | {HEADER: request_id} if (request_id := _request_id.get()) else told


class RequestIdMiddleware:
    """Names each request, and says in the reply its name (X-Request-ID) and trace (traceparent)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _given(scope) or _new()
        trace = trace_context.continued(scope["headers"])
        token = _request_id.set(request_id)
        trace_token = trace_context.set_current(trace)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = trace_context.current() or trace
                # Whether it is recorded is known by now.
                told = trace if now is trace else trace._replace(flags=now.flags)
                said = (_NAME, request_id.encode()), (_TRACE, told.traceparent.encode())
                message["headers"] = [*message.get("headers", ()), *said]
            await send(message)

        try:
            await self.app(scope, receive, send_named)
        finally:
            trace_context.reset_current(trace_token)
            _request_id.reset(token)


def _new() -> str:
    # Unique is enough: a request's name opens nothing, and the system's randomness costs more.
    return f"{random.getrandbits(128):032x}"


def _given(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _NAME and _WELL_FORMED.fullmatch(value):
            return str(value, "ascii")
    return None
