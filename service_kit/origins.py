"""The origins that frontends may call from, by the rules of Better Auth's trusted origins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from urllib.parse import SplitResult, urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ORIGIN = b"origin"
_VARIES = (b"vary", b"Origin")  # caches: what is said to one origin is not for another

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WEB = frozenset(_DEFAULT_PORTS)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORBIDDEN_IN_HOST = re.compile(r"[ %<>^`{|}\"]")  # URL Standard, forbidden domain code points
_WILDCARDS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
_IPV4_PATTERN = re.compile(r"(?=.*\d)[\d*?.]+")


@dataclass(frozen=True, slots=True)
class TrustedOrigins:
    """The origins trusted, as patterns.

    A pattern with `*` or `?` and `://` is matched with the URL's origin, one without a scheme
    with the host of an http(s) URL, and one without wildcards must be the origin itself, or for
    another scheme than http(s) (`myapp://callback`) have the URL's scheme and host and begin its
    path. Of such a scheme a pattern with wildcards may end in one of the path.
    """

    patterns: tuple[str, ...]

    def trusts(self, url: str) -> bool:
        """Tell whether an absolute URL, or an Origin header, belongs to a trusted origin."""
        parts = _split(url)
        return parts is not None and any(_matches(pattern, parts) for pattern in self.patterns)


class TrustingCORSMiddleware(CORSMiddleware):
    """Lets the pages of trusted origins, and no others, read replies."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        trusted: TrustedOrigins,
        allow_headers: Sequence[str],
        expose_headers: Sequence[str],
        allow_credentials: bool,
    ) -> None:
        super().__init__(
            app,
            allow_methods=("GET", "POST"),
            allow_headers=allow_headers,
            expose_headers=expose_headers,
            allow_credentials=allow_credentials,
        )
        # The same few come with every request of a site's pages.
        self.trusts = lru_cache(trusted.trusts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that names no origin, as most do; its reply says that one counts."""
        if scope["type"] != "http" or _ORIGIN in dict(scope["headers"]):
            await super().__call__(scope, receive, send)
            return

        async def send_varied(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), _VARIES]
            await send(message)

        await self.app(scope, receive, send_varied)

    def is_allowed_origin(self, origin: str) -> bool:
        """Tell whether an Origin header names a trusted origin."""
        return self.trusts(origin)


def _split(url: str) -> SplitResult | None:
    """Return the parts of an absolute URL that every parser reads alike, else None."""
    if _CONTROL.search(url) or "\\" in url or url != url.strip() or "://" not in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one out of range
    except ValueError:
        return None
    if not parts.scheme or "@" in parts.netloc or _FORBIDDEN_IN_HOST.search(parts.netloc):
        return None
    if parts.scheme in _DEFAULT_PORTS and not parts.hostname:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"  # else the port of `[::1]:3000` could be a part of `[::1:3000]`
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


def _matches(pattern: str, parts: SplitResult) -> bool:
    if "*" in pattern or "?" in pattern:
        return _matches_wildcard(pattern, parts)
    wanted = _split(pattern)
    if wanted is None or wanted.scheme != parts.scheme:
        return False
    if wanted.scheme in _DEFAULT_PORTS:
        return _host(wanted) == _host(parts)
    # `myapp://` alone stands for all of an app's addresses.
    same_place = _host(wanted) == _host(parts) and _path_begins(parts.path, wanted.path)
    return not wanted.netloc or same_place


def _matches_wildcard(pattern: str, parts: SplitResult) -> bool:
    scheme, separator, place = pattern.rpartition("://")
    # A pattern that names no scheme must not let `javascript://host/%0a…` through.
    if parts.scheme not in _WEB and scheme.lower() != parts.scheme:
        return False
    if separator and not _wildcard(scheme.lower()).fullmatch(parts.scheme):
        return False
    host, slash, path = place.partition("/")
    if slash and (parts.scheme in _WEB or not _matches_path(f"/{path}", parts.path)):
        return False
    if _IPV4_PATTERN.fullmatch(host.partition(":")[0]) and not _is_ipv4(parts.hostname or ""):
        return False
    return _wildcard(host.lower()).fullmatch(_host(parts)) is not None


@lru_cache
def _wildcard(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*|\*|\?)", pattern)
    return re.compile("".join(_WILDCARDS.get(piece) or re.escape(piece) for piece in pieces))


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _matches_path(pattern: str, path: str) -> bool:
    return not _is_ambiguous(path) and _wildcard(pattern).fullmatch(path or "/") is not None


def _path_begins(path: str, prefix: str) -> bool:
    if _is_ambiguous(path):
        return prefix in {"", "/"}
    return f"{path.rstrip('/')}/".startswith(f"{prefix.rstrip('/')}/")


def _is_ambiguous(path: str) -> bool:
    """Tell whether an app may read another path than the one that is written."""
    return "%" in path or ".." in path.split("/")
