"""Spans of what a request does, as OpenTelemetry has them, and no word of what it is about.

Where traces are off nothing here does anything: no middleware stands in the way of a request, and
`span` looks a variable up. What records them is made in trace_export, the only place that knows
OpenTelemetry's SDK.

A span holds names, counts and times: no question, answer, passage, address, token or query string.
"""

from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from http import HTTPStatus

from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit import trace_context
from service_kit.logs import route_of
from service_kit.request_id import current_request_id
from service_kit.trace_context import TraceContext

Value = str | int | float | bool

UNTRACED = ("/health", "/ready", "/internal/revocations")
"""What is asked every few seconds by nobody who waits for it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a trace something is done, and who records it."""

    tracer: Tracer
    span: Span


_place: ContextVar[_Place | None] = ContextVar("place_in_trace", default=None)

_named: ContextVar[TraceContext | None] = ContextVar("span_being_named", default=None)
being_named = _named.get
"""Return what the span that is just being begun is called already, or None: it has no name yet."""


@contextmanager
def span(
    name: str, attributes: Mapping[str, Value] | None = None, *, client: bool = False
) -> Iterator[Span]:
    """Record what the block does as a part of the request's trace; what it calls is a part of it.

    Not around a `yield`: what an asynchronous generator sets is seen by whoever asks it for the
    next value. There, `begun_span` does.

    Args:
        name: What is done; one of few.
        attributes: What is known of it, by OpenTelemetry's names where it has some.
        client: Whether somebody else is asked.
    """
    place = _place.get()
    if place is None:
        yield INVALID_SPAN
        return
    recorded = begun_span(name, attributes, client=client)
    token = _place.set(replace(place, span=recorded))
    trace_token = trace_context.set_current(_told_on(recorded))
    try:
        yield recorded
    except BaseException as error:
        end(recorded, error)
        raise
    else:
        end(recorded)
    finally:
        trace_context.reset_current(trace_token)
        _place.reset(token)


def begun_span(
    name: str, attributes: Mapping[str, Value] | None = None, *, client: bool = False
) -> Span:
    """Return a span that has begun, for `end` to end; arguments as for `span`."""
    place = _place.get()
    if place is None:
        return INVALID_SPAN
    return place.tracer.start_span(
        name,
        context=set_span_in_context(place.span),
        kind=SpanKind.CLIENT if client else SpanKind.INTERNAL,
        attributes=attributes,
    )


def end(recorded: Span, error: BaseException | None = None) -> None:
    """End a span; of an error that ended it, its class is told, and not its text."""
    if isinstance(error, GeneratorExit | CancelledError):  # nobody waits for it any more
        recorded.set_attribute("cancelled", value=True)
    elif error is not None:
        recorded.set_attribute("error.type", type(error).__name__)
        recorded.set_status(StatusCode.ERROR)
    recorded.end()


class TracingMiddleware:
    """Records each request as a span of the trace it names, or begins one.

    Args:
        app: The application behind.
        tracer: Returns who records, once there is somebody.
    """

    def __init__(self, app: ASGIApp, *, tracer: Callable[[], Tracer | None]) -> None:
        self.app = app
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trace, tracer = trace_context.current(), self.tracer()
        known = scope["type"] == "http" and not scope["path"].startswith(UNTRACED)
        if not known or trace is None or tracer is None:
            await self.app(scope, receive, send)
            return
        recorded = _begun_for(trace, tracer, scope)
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = _place.set(_Place(tracer, recorded))
        trace_token = trace_context.set_current(_told_on(recorded))
        try:
            await self.app(scope, receive, send_watched)
        finally:
            trace_context.reset_current(trace_token)
            _place.reset(token)
            route = route_of(scope)
            recorded.update_name(f"{scope['method']} {route}")
            recorded.set_attributes({"http.route": route, "http.response.status_code": status})
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                recorded.set_attribute("error.type", str(status))
                recorded.set_status(StatusCode.ERROR)
            recorded.end()


def _begun_for(trace: TraceContext, tracer: Tracer, scope: Scope) -> Span:
    name_token = _named.set(trace)
    try:
        return tracer.start_span(
            scope["method"],
            context=set_span_in_context(_callers(trace)),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": scope["method"],
                "url.scheme": scope["scheme"],
                "request.id": current_request_id(),
            },
        )
    finally:
        _named.reset(name_token)


def _callers(trace: TraceContext) -> Span:
    """Return the caller's span, of which this service's is a part; none where a trace begins."""
    if not trace.parent_id:
        return INVALID_SPAN
    return NonRecordingSpan(
        SpanContext(
            trace_id=int(trace.trace_id, 16),
            span_id=int(trace.parent_id, 16),
            is_remote=True,
            trace_flags=TraceFlags(int(trace.flags, 16)),
            trace_state=TraceState.from_header([trace.state]),
        )
    )


def _told_on(recorded: Span) -> TraceContext | None:
    """Return the current trace context as whoever is asked from within a span is to hear of it."""
    trace, own = trace_context.current(), recorded.get_span_context()
    if trace is None or not own.is_valid:  # as with OTEL_SDK_DISABLED
        return trace
    return trace._replace(span_id=f"{own.span_id:016x}", flags=f"{int(own.trace_flags):02x}")
