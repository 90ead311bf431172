"""Failures of what answers depend on, counted by whose and why."""

from typing import Literal

import httpx

from api_service.metrics import UPSTREAM_ERRORS

Upstream = Literal["openai", "reranker", "index", "auth_service"]


def count_failure(upstream: Upstream, error: BaseException) -> None:
    """Count what an HTTP client raised, its own errors and those of its reply alike."""
    UPSTREAM_ERRORS.add(upstream, _reason(error))


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "silent"
    if isinstance(error, OSError | httpx.TransportError):
        return "away"
    status = getattr(getattr(error, "response", error), "status_code", None)
    if not isinstance(status, int):
        return "bad_reply"
    kind = "failed" if status >= httpx.codes.INTERNAL_SERVER_ERROR else "request_refused"
    return _STATUSES.get(status, kind)


_STATUSES = {401: "key_refused", 403: "key_refused", 429: "busy"}
