"""What goes wrong, told to Sentry: lines of level error, and those of the same request before it.

What leaves is made here, of what may leave and nothing else: of an exception its types and places,
of a line its name and plain values. Sentry's integrations, which would read requests, queries and
variables, are all off, and `scrub` goes once more over what the package adds.
"""

import sys
import time
from collections import deque
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from importlib import metadata
from typing import TYPE_CHECKING, Any

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from service_kit import sentry_scrubbing, trace_context
from service_kit.metrics.dropped import DROPPED
from service_kit.settings import BadSettings
from service_kit.telemetry_settings import TelemetrySettings

if TYPE_CHECKING:  # the package is an extra
    from sentry_sdk.types import Event

log = structlog.get_logger(__name__)

CRUMBS = 30
"""Most lines of one request that go with an event."""

EVENTS_A_MINUTE = 60
"""Most events told; an outage fails every request in the same way, and telling costs time."""

QUEUE_EVENTS = 100
"""Most events that wait to be sent; what is beyond is dropped and counted."""

ANSWER_SECONDS = 10
"""How long Sentry may be silent about one; meanwhile the others wait."""

REMIND_SECONDS = 300.0
"""How often it is said that events do not arrive."""

_PACKAGE = "ai-book-backend"
_MINUTE = 60.0
_BAD = {"error": "error", "critical": "fatal"}

_crumbs: ContextVar[deque[dict[str, Any]] | None] = ContextVar("sentry_crumbs", default=None)


class BreadcrumbMiddleware:
    """Keeps the lines of each request, in case it comes to an event."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = _crumbs.set(deque(maxlen=CRUMBS))
        try:
            await self.app(scope, receive, send)
        finally:
            _crumbs.reset(token)


class Sentry:
    """Tells Sentry what the log says; used as one of structlog's processors.

    Args:
        service: Said with each event.
        settings: Where to, and how much.

    Raises:
        BadSettings: SENTRY_DSN is none, or Sentry's package is not installed.
    """

    def __init__(self, service: str, settings: TelemetrySettings) -> None:
        try:
            from sentry_sdk import Client
            from sentry_sdk.transport import HttpTransport
            from sentry_sdk.utils import BadDsn
        except ImportError:
            raise BadSettings(
                "SENTRY_DSN needs Sentry's package, which is not installed: "
                "install the extra `sentry`"
            ) from None
        assert settings.sentry_dsn is not None  # noqa: S101 -- else nobody is told

        class Telling(HttpTransport):
            """Sends events, and tells of those it could not."""

            TIMEOUT = ANSWER_SECONDS

            def on_dropped_event(self, reason: str) -> None:  # its name in the package
                told(reason)

        told = self._dropped
        self._service = service
        self._minute = 0.0
        self._left = EVENTS_A_MINUTE
        self._tell_again = 0.0
        self._given_up = False
        try:
            # A client of our own, not the package's global one: nothing else can tell it anything.
            self._client = Client(
                dsn=settings.sentry_dsn.get_secret_value(),
                environment=settings.sentry_environment,
                release=settings.sentry_release or _release(),
                sample_rate=settings.sentry_sample_rate,
                before_send=sentry_scrubbing.scrub,
                default_integrations=False,
                auto_enabling_integrations=False,
                auto_session_tracking=False,
                send_client_reports=False,
                include_local_variables=False,
                include_source_context=False,
                max_request_body_size="never",
                transport=Telling,
                transport_queue_size=QUEUE_EVENTS,
                enable_backpressure_handling=False,
                spotlight=False,
                debug=False,
            )
        except BadDsn:
            raise BadSettings(
                "SENTRY_DSN is none such as https://KEY@o1.ingest.sentry.io/2"
            ) from None

    def __call__(
        self, _logger: object, _method: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Tell Sentry of a bad line, keep any other; the line goes on as it is."""
        if (level := line.get("level")) in _BAD:
            if self._may_tell():
                with suppress(Exception):  # what is told of is bad enough
                    self._client.capture_event(self._event(line, _BAD[level]))
        elif (crumbs := _crumbs.get()) is not None:
            crumbs.append(_crumb(line))
        return line

    def flush(self, seconds: float) -> None:
        """Wait until what was told has been sent, but not longer, nor again after a vain wait."""
        if self._given_up:
            return
        began = time.monotonic()
        self._client.flush(timeout=seconds)
        self._given_up = time.monotonic() - began >= seconds

    def _may_tell(self) -> bool:
        now = time.monotonic()
        if now - self._minute >= _MINUTE:
            self._minute, self._left = now, EVENTS_A_MINUTE
        self._left -= 1
        if self._left < 0:
            DROPPED.add("sentry")
        return self._left >= 0

    def _dropped(self, reason: str) -> None:
        """Count an event that is lost, and say so now and then on the service's own stream."""
        DROPPED.add("sentry")
        now = time.monotonic()
        if now >= self._tell_again:
            self._tell_again = now + REMIND_SECONDS
            log.warning("sentry_away", reason=reason)

    def _event(self, line: Mapping[str, Any], level: str) -> "Event":
        from sentry_sdk.utils import event_from_exception

        told: dict[str, Any] = {}
        error = _error_of(line)
        if error is not None:
            told, _ = event_from_exception(  # type: ignore[assignment]  # of JSON's types both
                error,
                client_options=self._client.options,
                mechanism={"type": "logging", "handled": True},
            )
        told["level"] = level
        told["message"] = sentry_scrubbing.name_of(line)
        told["tags"] = {"service": self._service, "event": told["message"]}
        if "request_id" in line:
            told["tags"]["request_id"] = line["request_id"]
        if trace := trace_context.current():
            told["contexts"] = {"trace": {"trace_id": trace.trace_id, "span_id": trace.span_id}}
        told["extra"] = sentry_scrubbing.values_of(line)
        told["breadcrumbs"] = {"values": list(_crumbs.get() or ())}
        return told  # type: ignore[return-value]  # as above


def _release() -> str:
    try:
        return f"{_PACKAGE}@{metadata.version(_PACKAGE)}"
    except metadata.PackageNotFoundError:
        return f"{_PACKAGE}@unknown"


def _crumb(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "default",
        "category": "log",
        "level": line.get("level", "info"),
        "message": sentry_scrubbing.name_of(line),
        "timestamp": time.time(),
        "data": sentry_scrubbing.values_of(line),
    }


def _error_of(line: Mapping[str, Any]) -> BaseException | None:
    """Return the exception a line tells of: handed in by who logs it, or being handled now."""
    given = line.get("exc_info")
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        found = given[1]
        return found if isinstance(found, BaseException) else None
    return sys.exc_info()[1]
