"""A start that fails, and an end that does: said in a sentence, or by types and places.

The framework would hand its server the whole traceback, with texts that may quote a password.
"""

import sys

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

_FAILED = {"lifespan.startup.failed": "start", "lifespan.shutdown.failed": "end"}


class StartMiddleware:
    """Says plainly why the service cannot start.

    Args:
        app: The application behind.
        explained: Exceptions whose text says so.
    """

    def __init__(self, app: ASGIApp, *, explained: tuple[type[Exception], ...]) -> None:
        self.app = app
        self.explained = explained

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but tracebacks."""

        async def send_plainly(message: Message) -> None:
            if part := _FAILED.get(message["type"]):
                error = sys.exc_info()[1]
                if isinstance(error, self.explained):
                    said = str(error)
                else:
                    log.error("lifespan_failed", part=part, exc_info=error)
                    said = "Something nobody expected; the line before this one says where."
                message = {**message, "message": said}
            await send(message)

        await self.app(scope, receive, send_plainly if scope["type"] == "lifespan" else send)
