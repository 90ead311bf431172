"""Bodies above a limit are refused before they are read into memory."""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyTooLarge(HTTPException):
    """The body is longer than limit bytes.

    An HTTPException, because FastAPI turns any other exception raised while it reads a body
    into a 400.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(status_code=413, detail=f"The body is longer than {limit} bytes.")
        self.limit = limit


class BodyLimitMiddleware:
    """Refuses a body by its Content-Length, and one without by counting what arrives.

    Args:
        app: The application behind.
        limit: Largest body in bytes.
        refuse: Renders the refusal in the service's own format.
    """

    def __init__(
        self, app: ASGIApp, *, limit: int, refuse: Callable[[BodyTooLarge], Response]
    ) -> None:
        self.app = app
        self.limit = limit
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _announced(scope) > self.limit:
            await self.refuse(BodyTooLarge(self.limit))(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise BodyTooLarge(self.limit)
            return message

        await self.app(scope, receive_counted, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
