"""What every reply tells browsers: to run nothing, frame nothing, guess nothing, keep nothing.

Replies are JSON for a program, so the strictest policy is right for all of them; a page of HTML
says its own in its place. None of these is looked at when a frontend's fetch reads a reply by CORS.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'"
)
"""The Content-Security-Policy of what is no page."""

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),  # addresses of mailed links hold tokens
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)

# Without includeSubDomains: a service knows nothing of its host's other names.
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeadersMiddleware:
    """Adds to every reply what it does not say itself.

    Args:
        app: The application behind.
        https: Whether readers come by https, and are to do so from now on.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = (*HEADERS, STRICT_TRANSPORT) if https else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message.get("headers", ())
                names = dict(said)
                more = [header for header in self.headers if header[0] not in names]
                message["headers"] = [*said, *more]
            await send(message)

        await self.app(scope, receive, send_guarded)
