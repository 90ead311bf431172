"""The limits in the headers of a reply: `RateLimit` and `RateLimit-Policy`.

Source: draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_service.budgets.standing import Standing
from service_kit.rate_limit import Window

POLICY = "RateLimit-Policy"
LEFT = "RateLimit"

_STATE = "limit_headers"


def limit_headers(windows: Sequence[Window], standing: Standing) -> Mapping[str, str]:
    """Return the headers that tell a caller's limits, what is left of each, and when it resets."""
    policies, left = [], []
    for name, limit, window, remaining, reset in _named(windows, standing):
        policies.append(f'"{name}";q={limit}' + (f";w={window}" if window else ""))
        left.append(f'"{name}";r={remaining}' + (f";t={reset}" if window else ""))
    return {POLICY: ", ".join(policies), LEFT: ", ".join(left)} if policies else {}


def _named(
    windows: Sequence[Window], standing: Standing
) -> Iterator[tuple[str, int, int | None, int, int]]:
    for window in windows:
        name = "requests" if len(windows) == 1 else f"requests-{window.seconds}"
        yield name, window.limit, window.seconds, window.remaining, window.reset
    for streams in standing.streams:
        remaining = max(0, streams.limit - streams.taken)
        yield _name("streams", streams.scope), streams.limit, None, remaining, 0
    for tokens in standing.tokens:
        reset = max(0, math.ceil(tokens.ends_at - time.time()))
        yield _name("tokens", tokens.scope), tokens.limit, tokens.window, tokens.remaining, reset


def _name(what: str, scope: str) -> str:
    return what if scope == "user" else f"{scope.replace('_', '-')}-{what}"


class LimitHeadersMiddleware:
    """Adds to a reply, whoever makes it, the headers that were left in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start" and _STATE in state:
                MutableHeaders(scope=message).update(state[_STATE])
            await send(message)

        await self.app(scope, receive, send_with_limits)
