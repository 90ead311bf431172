"""Requests for hosts that are not served here, where the settings name those that are.

Links, tokens and cookies are made from settings and never from the Host header, so that this is a
second wall: against DNS rebinding, and against caches in front that take one host for another.
"""

import re
from collections.abc import Callable, Collection

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

ALWAYS = ("/health", "/ready", "/internal/")
"""What is asked by address or by another name: by probes, and by the services among themselves."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]+)(?::\d{1,5})?", re.IGNORECASE)


class AllowedHostsMiddleware:
    """Refuses a request that names none of the hosts allowed, or not exactly one.

    Args:
        app: The application behind.
        hosts: Names without a port; `*.book.example` stands for all below that one.
        refuse: Renders the refusal in the service's own format.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str], refuse: Callable[[], Response]
    ) -> None:
        self.app = app
        self.names = frozenset(host.lower() for host in hosts if not host.startswith("*."))
        self.endings = tuple(host[1:].lower() for host in hosts if host.startswith("*."))
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["type"] != "http" or scope["path"].startswith(ALWAYS) or self._allows(scope)
        await (self.app if known else self.refuse())(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        values = [value for name, value in scope["headers"] if name == b"host"]
        # RFC 9112 section 3.2: one Host, no more; proxies may have looked at another than we.
        match = _HOST.fullmatch(values[0].decode("latin-1")) if len(values) == 1 else None
        if match is None:
            return False
        host = match[1].lower().removesuffix(".")
        return host in self.names or host.endswith(self.endings)
