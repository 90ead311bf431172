"""The origins that frontends may call from, by the rules of Better Auth's trusted origins."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from urllib.parse import SplitResult, urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_DEFAULT_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_IPV4_PATTERN = re.compile(r"(?=.*\d)[\d*?.]+")


@dataclass(frozen=True, slots=True)
class TrustedOrigins:
    """The origins trusted, as patterns.

    A pattern with `*` or `?` and `://` is matched with the URL's origin, one without a scheme
    with its host, and one without wildcards must be the origin itself, or for another scheme
    than http(s) (`myapp://callback`) have the URL's scheme and host and begin its path.
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
        self.trusted = trusted

    def is_allowed_origin(self, origin: str) -> bool:
        """Tell whether an Origin header names a trusted origin."""
        return self.trusted.trusts(origin)


def _split(url: str) -> SplitResult | None:
    """Return the parts of an absolute URL that every parser reads alike, else None."""
    if _CONTROL.search(url) or "\\" in url or url != url.strip() or "://" not in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one out of range
    except ValueError:
        return None
    if not parts.scheme or "@" in parts.netloc:
        return None
    if parts.scheme in _DEFAULT_PORTS and not parts.hostname:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


def _matches(pattern: str, parts: SplitResult) -> bool:
    if "*" in pattern or "?" in pattern:
        return _matches_wildcard(pattern.lower(), parts)
    wanted = _split(pattern)
    if wanted is None or wanted.scheme != parts.scheme:
        return False
    if wanted.scheme in _DEFAULT_PORTS:
        return _host(wanted) == _host(parts)
    # `myapp://` alone stands for all of an app's addresses.
    same_place = _host(wanted) == _host(parts) and _path_begins(parts.path, wanted.path)
    return not wanted.netloc or same_place


def _matches_wildcard(pattern: str, parts: SplitResult) -> bool:
    scheme, separator, host = pattern.rpartition("://")
    if separator and not _wildcard(scheme).fullmatch(parts.scheme):
        return False
    if _IPV4_PATTERN.fullmatch(host.partition(":")[0]) and not _is_ipv4(parts.hostname or ""):
        return False
    return _wildcard(host).fullmatch(_host(parts)) is not None


@lru_cache
def _wildcard(pattern: str) -> re.Pattern[str]:
    parts: Iterable[str] = (
        {"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character) for character in pattern
    )
    return re.compile("".join(parts))


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _path_begins(path: str, prefix: str) -> bool:
    if "%" in path or ".." in path.split("/"):
        return prefix in {"", "/"}
    return f"{path.rstrip('/')}/".startswith(f"{prefix.rstrip('/')}/")
