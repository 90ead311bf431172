"""The one place where what the Qdrant client raises becomes ours, and where it is given up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

import httpx
import structlog
from qdrant_client import AsyncQdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.api_client import SendAsync
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException

from api_service.problems import IndexUnavailable
from api_service.upstreams import count_failure

log = structlog.get_logger(__name__)

AT_ONCE = 32
"""Most requests under way to a server; others wait, and no longer than they may take."""

_NO_REPLY = (JSONDecodeError, UnicodeDecodeError, AssertionError)
"""What the client raises over a reply of status 200 that is none of Qdrant's, or half of one."""


@contextmanager
def vendor_errors() -> Iterator[None]:
    """Turn every error of the Qdrant client into IndexUnavailable, the vendor's as its cause."""
    try:
        yield
    except (ApiException, QdrantException, *_NO_REPLY) as error:
        source = error.source if isinstance(error, ResponseHandlingException) else error
        status = getattr(error, "status_code", None)
        log.warning("index_unavailable", vendor_error=type(source).__name__, vendor_status=status)
        count_failure("index", source)
        raise IndexUnavailable(_sentence(source, status)) from error


def bound_requests(client: AsyncQdrantClient) -> None:
    """Have requests end within their timeout, and AT_ONCE of them be under way at most.

    That is to the last byte of the answer. The client's own timeout is the longest wait between
    two bytes: an answer of one byte a second would never be late.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def within_bounds(request: httpx.Request, send: SendAsync) -> httpx.Response:
        try:
            async with asyncio.timeout(request.extensions["timeout"]["read"]), places:
                return await send(request)
        except TimeoutError as error:
            raise ResponseHandlingException(httpx.ReadTimeout("", request=request)) from error

    client.http.client.add_middleware(within_bounds)


def _sentence(error: Exception, status: int | None) -> str:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "The vector index refuses our key."
    if isinstance(error, httpx.TimeoutException):
        return "The vector index did not answer in time."
    if isinstance(error, httpx.TransportError):
        return "The vector index does not answer."
    return "The vector index cannot answer this now."
