"""The last resort: an exception nobody expected is logged once and answered without its text."""

import traceback
from collections.abc import Callable, Iterator

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)


class CrashMiddleware:
    """Logs an unexpected exception with its traceback and answers in the service's format.

    Once a reply has begun nothing can be said in it any more: the exception goes on to the server,
    which cuts the connection, so that the caller does not take half a reply for a whole one.
    """

    def __init__(self, app: ASGIApp, *, render: Callable[[], Response]) -> None:
        self.app = app
        self.render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            log_crash(error)
            await self.render()(scope, receive, send)


def log_crash(error: Exception) -> None:
    """Log an exception nobody expected, without its text, which may quote what a reader sent."""
    log.error(
        "request_crashed",
        error=" < ".join(type(link).__name__ for link in _chain(error)),
        traceback="".join(traceback.format_tb(error.__traceback__)),
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
