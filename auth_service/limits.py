"""Counts sign-ins and sign-ups per caller, before anything is read or looked up."""

from collections.abc import Sequence

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from auth_service.errors import Code, Refused, render
from service_kit.client_ip import Network, client_ip, rate_limit_key
from service_kit.rate_limit import RateLimit, RateLimited

log = structlog.get_logger(__name__)

FAMILIES = ("/api/auth/sign-in", "/api/auth/sign-up")
"""Paths counted: these, and all below them, each with one bucket per caller."""


class TooManyRequests(Refused):
    """The caller has used up a limit; Better Auth's refusal of it has no code."""

    says_code = False

    def __init__(self, retry_after: int) -> None:
        seconds = str(retry_after)
        super().__init__(
            Code.TOO_MANY_REQUESTS, headers={"X-Retry-After": seconds, "Retry-After": seconds}
        )


class SignInLimitMiddleware:
    """Refuses a caller who tries to sign in or up more often than the limit allows.

    Args:
        app: The application behind.
        limit: In slowapi's notation, such as "10/minute".
        trusted_proxies: Whose X-Forwarded-For is believed.
    """

    def __init__(self, app: ASGIApp, *, limit: str, trusted_proxies: Sequence[Network]) -> None:
        self.app = app
        self.limit = RateLimit(limit)
        self.trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, and let it through or refuse it."""
        family = _family(scope["path"]) if scope["type"] == "http" else None
        if family is not None:
            caller = rate_limit_key(client_ip(scope, self.trusted_proxies))
            try:
                self.limit.hit(f"{family}|{caller}")
            except RateLimited as error:
                refusal = TooManyRequests(error.retry_after)
                log.info("request_refused", code=refusal.code.name, status=refusal.code.status)
                await render(refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _family(path: str) -> str | None:
    for family in FAMILIES:
        if path == family or path.startswith(f"{family}/"):
            return family
    return None
