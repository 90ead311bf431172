"""Who may call with cookies, and where a reply may send the reader: Better Auth's CSRF rules."""

import re
from collections.abc import Mapping

from auth_service.error_codes import Code
from auth_service.errors import InvalidRedirect, Refused
from service_kit.origins import TrustedOrigins

REDIRECTS = {
    "callbackURL": ("callbackURL", Code.INVALID_CALLBACK_URL),
    "redirectTo": ("redirectURL", Code.INVALID_REDIRECT_URL),
    "errorCallbackURL": ("errorCallbackURL", Code.INVALID_ERROR_CALLBACK_URL),
    "newUserCallbackURL": ("newUserCallbackURL", Code.INVALID_NEW_USER_CALLBACK_URL),
}
"""Members of a body that hold a redirect URL: the name errors use, and the refusal."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ENCODED_SEPARATOR = re.compile(r"%2f|%5c", re.IGNORECASE)
_ENCODED_DOT = re.compile(r"%2e", re.IGNORECASE)


def allows_redirect(url: str, trusted: TrustedOrigins) -> bool:
    """Tell whether a reader may be sent to a URL: a trusted origin's, or a path of ours."""
    return _is_local_path(url) or trusted.trusts(url)


def check_caller(headers: Mapping[str, str], own_scheme: str, trusted: TrustedOrigins) -> None:
    """Refuse a state-changing request with cookies that no trusted page has sent.

    Args:
        headers: Of the request, names in lower case.
        own_scheme: The scheme the request came by.
        trusted: The origins trusted.

    Raises:
        Refused: MISSING_OR_NULL_ORIGIN or INVALID_ORIGIN.
    """
    if "cookie" in headers:
        _check_origin(headers, own_scheme, trusted)


def check_login(headers: Mapping[str, str], own_scheme: str, trusted: TrustedOrigins) -> None:
    """Refuse a sign-in or sign-up without cookies that a browser sends for an untrusted page.

    A form on a foreign page could sign its visitor in as somebody else (login CSRF). Callers
    that are no browser send none of these headers and are let through.

    Raises:
        Refused: CROSS_SITE_NAVIGATION_LOGIN_BLOCKED, MISSING_OR_NULL_ORIGIN or INVALID_ORIGIN.
    """
    if "cookie" in headers:
        return
    check_navigation(headers)
    telling = ("sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "origin", "referer")
    if any(headers.get(name) for name in telling):
        _check_origin(headers, own_scheme, trusted)


def check_navigation(headers: Mapping[str, str]) -> None:
    """Refuse what a link or form on a foreign site has its visitor's browser open.

    SameSite=Lax lets cookies go with these, so a GET that stores something asks for this.

    Raises:
        Refused: CROSS_SITE_NAVIGATION_LOGIN_BLOCKED.
    """
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    if site == "cross-site" and mode == "navigate":
        raise Refused(Code.CROSS_SITE_NAVIGATION_LOGIN_BLOCKED)


def check_redirects(
    body: Mapping[str, object], query: Mapping[str, object], trusted: TrustedOrigins
) -> None:
    """Refuse a request that would send its reader to a place not trusted.

    Args:
        body: Its members, unvalidated.
        query: The query's parameters, of one that comes twice the list; its callbackURL counts
            where the body has none.
        trusted: The origins trusted.

    Raises:
        InvalidRedirect: A member is no string.
        Refused: A member's URL is not trusted.
    """
    for member, (name, code) in REDIRECTS.items():
        url = body.get(member)
        if is_falsy(url) and member == "callbackURL":
            url = query.get(member)
        if is_falsy(url):
            continue
        if not isinstance(url, str):
            raise InvalidRedirect(name)
        if not allows_redirect(url, trusted):
            raise Refused(code)


def is_falsy(value: object) -> bool:
    """Tell whether JavaScript takes a value for false: `[]` and `{}` are something to it."""
    return not value and not isinstance(value, list | dict)


def _check_origin(headers: Mapping[str, str], own_scheme: str, trusted: TrustedOrigins) -> None:
    origin = headers.get("origin") or headers.get("referer")
    if origin == "null" and headers.get("sec-fetch-site") == "same-origin":
        # A page of our own under `Referrer-Policy: no-referrer`; browsers forbid pages to
        # set this header themselves.
        origin = f"{own_scheme}://{headers.get('host', '')}"
    if not origin or origin == "null":
        raise Refused(Code.MISSING_OR_NULL_ORIGIN)
    if not trusted.trusts(origin):
        raise Refused(Code.INVALID_ORIGIN)


def _is_local_path(url: str) -> bool:
    if not url.startswith("/") or url.startswith("//") or "\\" in url or _CONTROL.search(url):
        return False
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    if _ENCODED_SEPARATOR.search(path):
        return False
    # Browsers read %2e as a dot and drop dot segments: of `/.//host`, another server remains.
    return not _without_dot_segments(_ENCODED_DOT.sub(".", path)).startswith("//")


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)
