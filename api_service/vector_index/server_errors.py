"""The one place where what the Qdrant client raises becomes ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import structlog
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException

from api_service.problems import IndexUnavailable
from api_service.upstreams import count_failure

log = structlog.get_logger(__name__)


@contextmanager
def vendor_errors() -> Iterator[None]:
    """Turn every error of the Qdrant client into IndexUnavailable, the vendor's as its cause."""
    try:
        yield
    except (ApiException, QdrantException) as error:
        source = error.source if isinstance(error, ResponseHandlingException) else error
        status = getattr(error, "status_code", None)
        log.warning("index_unavailable", vendor_error=type(source).__name__, vendor_status=status)
        count_failure("index", source)
        raise IndexUnavailable(_sentence(source, status)) from error


def _sentence(error: Exception, status: int | None) -> str:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "The vector index refuses our key."
    if isinstance(error, httpx.TimeoutException):
        return "The vector index did not answer in time."
    if isinstance(error, httpx.TransportError):
        return "The vector index does not answer."
    return "The vector index cannot answer this now."
