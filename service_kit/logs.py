"""Log lines: one JSON object each, or readable text in development; and one line per request.

What a line may hold is decided where it is written: an event's name and plain values. Query
strings, headers and bodies are never among them.
"""

import json
import logging
import sys
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any, Literal

import structlog
from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.tracebacks import ExceptionDictTransformer

from service_kit.request_id import current_request_id

LogFormat = Literal["json", "text"]

# The lower lines of some name whole URLs and bodies, those of others say what our own lines say.
_CHATTY = ("alembic", "asyncio", "httpcore", "httpcore2", "httpx", "httpx2", "openai", "uvicorn")

_ASKED_ALWAYS = frozenset({"/health", "/health/live", "/ready", "/internal/revocations"})


def configure_logs(service: str, log_format: LogFormat, level: str) -> None:
    """Send every log line of this process, libraries' included, to stderr in one format.

    Args:
        service: Said on every line, so that two services may share a stream.
        log_format: "json" for machines, "text" for a terminal.
        level: Name of the least level printed, such as "INFO".
    """

    def name_the_source(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["service"] = service
        if request_id := current_request_id():
            event["request_id"] = request_id
        return event

    # The process's own: one that somebody has put in its place for a while may be closed by now.
    stderr = sys.__stderr__ or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        name_the_source,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(_to_json),
        ]
        if log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    )
    # Our own lines are written as they are, at a fifth of the cost of a way through `logging`,
    # which is every request's; the libraries' lines come from there and look the same.
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stderr),
        cache_logger_on_first_use=False,  # else the first configuration of a process stayed
    )
    handler = logging.StreamHandler(stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))


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
            path = _loggable_path(scope)
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


def _loggable_path(scope: Scope) -> str:
    """Return the route's template where one matched: a path may itself carry a token."""
    # FastAPI keeps an included router's prefix apart from its routes.
    included = scope.get("fastapi", {}).get("effective_route_context")
    template = getattr(included or scope.get("route"), "path", None)
    return template if isinstance(template, str) else "(no route)"
