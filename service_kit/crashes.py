"""The last resort: an exception nobody expected is logged once and answered without its text."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.stopping import is_stopping

log = structlog.get_logger(__name__)

Excuse = Callable[[Scope, Exception], Awaitable[Response | None]]
"""Answers what is no crash, though nobody below has caught it; None: it is one."""


async def _no_excuse(_scope: Scope, _error: Exception) -> None:
    return


class CrashMiddleware:
    """Logs an unexpected exception with its traceback and answers in the service's format.

    Once a reply has begun nothing can be said in it any more: the exception goes on to the server,
    which cuts the connection, so that the caller does not take half a reply for a whole one.

    Args:
        app: The application behind.
        render: What is answered to whoever's request crashed.
        render_stop: What is answered where the service stops and has waited long enough.
        excuse: Asked before.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        render: Callable[[], Response],
        render_stop: Callable[[], Response] | None = None,
        excuse: Excuse = _no_excuse,
    ) -> None:
        self.app = app
        self.render = render
        self.render_stop = render_stop or render
        self.excuse = excuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        except asyncio.CancelledError:
            if scope["type"] != "http" or not is_stopping(scope.get("state", {})):
                raise
            log.warning("request_ended_by_stop", begun=begun)
            if not begun:
                await self.render_stop()(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            reply = await self.excuse(scope, error)
            if reply is None:
                log_crash(error)
                reply = self.render()
            await reply(scope, receive, send)


def log_crash(error: Exception) -> None:
    """Log an exception nobody expected, without its text, which may quote what a reader sent."""
    log.error("request_crashed", exc_info=error)  # `logs` leaves the text out
