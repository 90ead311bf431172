"""What the tables of another version are too old or too new for is refused, all else served."""

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth_service.database.schema import NEEDED, misfits
from auth_service.errors import DatabaseUnavailable, render
from auth_service.resources import Resources

log = structlog.get_logger(__name__)


class SchemaRefusalMiddleware:
    """Answers 503 where a statement fails because another version's tables are there.

    With the tables of this version the same failure is a mistake of ours, and passes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or refuse it."""
        begun = False

        async def send_watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        except Exception as error:
            if begun or scope["type"] != "http" or not misfits(error):
                raise
            opened: Resources = Request(scope).state.resources
            try:
                schema = await opened.schema.look()
            except DatabaseUnavailable as unavailable:
                await render(unavailable)(scope, receive, send)
                return
            if schema.state == "current":
                raise
            log.warning("refused_by_schema", state=schema.state, found=schema.found, needed=NEEDED)
            await render(DatabaseUnavailable())(scope, receive, send)
