"""Log lines: one JSON object each, or readable text in development; and one line per request.

What a line may hold is decided where it is written: an event's name and plain values. Query
strings, headers and bodies are never among them.
"""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from http import HTTPStatus
from typing import Any, Literal, TextIO, cast

import structlog
from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.request_id import current_request_id
from service_kit.trace_context import current_trace_id

LogFormat = Literal["json", "text"]

FRAMES = 50
"""Most places of an exception told, the last ones: Docker tears lines of over 16 KB apart."""

LINKS = 10
"""Most causes of an exception told."""

# What asyncio's sentences quote begins with one of these: an argument, an exception.
_QUOTES = re.compile(r"[\n(<]")

_ASKED_ALWAYS = frozenset(
    {"/health", "/health/live", "/health/serving", "/ready", "/internal/revocations"}
)


def configure_logs(
    service: str,
    log_format: LogFormat,
    level: str,
    *,
    copy: Callable[[str], None] | None = None,
    watch: structlog.typing.Processor | None = None,
) -> None:
    """Send every log line of this process, libraries' included, to stderr in one format.

    Args:
        service: Said on every line, so that two services may share a stream.
        log_format: "json" for machines, "text" for a terminal.
        level: Name of the least level printed, such as "INFO"; of libraries, never below WARNING.
        copy: Handed each line as it is printed; must neither wait nor fail.
        watch: Shown each line before it is printed, exceptions still in it; likewise.
    """

    def name_the_source(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["service"] = service
        if request_id := current_request_id():
            event["request_id"] = request_id
            event["trace_id"] = current_trace_id()
        return event

    # The process's own: one that somebody has put in its place for a while may be closed by now.
    stderr = sys.__stderr__ or sys.stderr
    stream = stderr if copy is None else cast("TextIO", _Copied(stderr, copy))
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        name_the_source,
        *([] if watch is None else [watch]),
        _tell_exceptions,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = [
        structlog.processors.JSONRenderer(_to_json)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=stderr.isatty())
    ]
    # Our own lines are written as they are, at a fifth of the cost of a way through `logging`,
    # which is every request's; the libraries' lines come from there and look the same.
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,  # else the first configuration of a process stayed
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Below that they tell whole URLs, headers and bodies, each release in another place.
    root.setLevel(max(root.level, logging.WARNING))
    # Of each try, by address; sentry_away and collector_away say it once.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)


def _tell_exceptions(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put an exception's types and places into a line: its text may quote a reader."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given or None
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = " < ".join(type(link).__name__ for link in _chain(error))
        event["traceback"] = "".join(traceback.format_tb(error.__traceback__, limit=-FRAMES))
    record = event.get("_record")
    if record is not None and record.name == "asyncio":
        event["event"] = _QUOTES.split(str(event["event"]), maxsplit=1)[0].strip()
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(LINKS):  # nothing keeps exceptions from being each other's cause
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


class _Copied:
    """A stream whose lines somebody else is handed, too."""

    def __init__(self, stream: TextIO, copy: Callable[[str], None]) -> None:
        self.flush = stream.flush
        self._write = stream.write
        self._copy = copy

    def write(self, text: str) -> int:
        self._copy(text)
        return self._write(text)


_ENCODER = json.JSONEncoder(default=repr)


def _to_json(event: MutableMapping[str, Any], **_options: object) -> str:
    try:
        return to_json(event, fallback=repr).decode()  # four times as fast
    except ValueError:  # half a character, or bytes that are no text: no line is lost for it
        return _ENCODER.encode(event)


class AccessLogMiddleware:
    """Writes one line per request: method, path, status and duration; never the query string."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # Bound once: for each line anew it costs as much as the line. Made with the first request,
        # when logs have been configured.
        self.log = structlog.get_logger("access").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        finally:
            path = route_of(scope)
            # What is asked every few seconds is of interest only when it is not answered well.
            quiet = path in _ASKED_ALWAYS and status == HTTPStatus.OK
            write = self.log.debug if quiet else self.log.info
            write(
                "request",
                method=scope["method"],
                path=path,
                status=status,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
            )


def route_of(scope: Scope) -> str:
    """Return the route's template where one matched: a path may itself carry a token."""
    # FastAPI keeps an included router's prefix apart from its routes.
    included = scope.get("fastapi", {}).get("effective_route_context")
    template = getattr(included or scope.get("route"), "path", None)
    return template if isinstance(template, str) else "(no route)"
