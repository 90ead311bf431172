"""OpenAI's API: the client, and the one place where its exceptions become ours.

Language models and embedders both speak through it; nothing else may import the vendor's package.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import openai
import structlog

from api_service.metrics import UPSTREAM_ERRORS
from api_service.openai_retries import is_out_of_quota, retry_after
from api_service.problems import ModelUnavailable
from api_service.settings import BookSettings
from service_kit.settings import BadSettings

log = structlog.get_logger(__name__)

VENDOR = "openai"
BASE_URL = "https://api.openai.com/v1"
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 30.0

LONGEST_RETRY_AFTER = 300.0
"""Most seconds that readers are told to wait, whatever the vendor says."""

Reason = Literal[
    "busy", "failed", "bad_reply", "key_refused", "request_refused", "filtered", "silent", "away"
]

REASONS: dict[type[Exception], Reason] = {
    openai.OpenAIError: "failed",
    openai.APIError: "failed",
    openai.APIStatusError: "failed",
    openai.InternalServerError: "failed",
    openai.RateLimitError: "busy",
    openai.APIConnectionError: "away",
    openai.APITimeoutError: "silent",
    openai.AuthenticationError: "key_refused",
    openai.OAuthError: "key_refused",
    openai.PermissionDeniedError: "key_refused",
    openai.BadRequestError: "request_refused",
    openai.NotFoundError: "request_refused",
    openai.ConflictError: "request_refused",
    openai.UnprocessableEntityError: "request_refused",
    openai.APIResponseValidationError: "bad_reply",
    openai.LengthFinishReasonError: "bad_reply",
    openai.ContentFilterFinishReasonError: "filtered",
    openai.InvalidWebhookSignatureError: "bad_reply",
    openai.WebSocketConnectionClosedError: "away",
    openai.WebSocketQueueFullError: "busy",
}
"""Why the vendor did not answer, for the operator's log; the caller learns only that it did not."""

_OF_THE_REQUEST: frozenset[Reason] = frozenset({"request_refused", "filtered"})
"""What another request may fare better with."""

_WORDS: dict[Reason, str] = {
    "busy": "it is busy, or the account's rate limit is used up",
    "failed": "it failed",
    "bad_reply": "what it sent cannot be understood",
    "key_refused": "it refuses the key",
    "request_refused": "it refuses the request; EMBEDDING_MODEL may name no model of its",
    "filtered": "its filter of contents refuses the request",
    "silent": "it did not answer in time",
    "away": "nobody answers at its address",
}


def in_words(error: BaseException | None) -> str:
    """Say for the operator why the vendor did not do what it was asked; nothing of its own text."""
    if is_out_of_quota(error):
        return "the account's quota is used up; see its plan and billing"
    return _WORDS[_reason(error)] if isinstance(error, Exception) else "it failed"


def open_client(settings: BookSettings) -> openai.AsyncOpenAI:
    """Return a client; nothing is sent yet, and nothing will be sent twice of its own accord.

    Raises:
        BadSettings: OPENAI_API_KEY is not set.
    """
    if settings.openai_api_key is None:
        raise BadSettings("OPENAI_API_KEY is not set, but a model of OpenAI's is asked for")
    return openai.AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url or BASE_URL,
        timeout=openai.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
        max_retries=0,  # openai_retries knows how long there is
    )


@contextmanager
def translated(model: str) -> Iterator[None]:
    """Turn whatever the vendor's package raises into ModelUnavailable.

    The package builds replies without checking their shape, so a reply of a wrong shape shows
    where it is read: as a ValueError, TypeError, AttributeError or LookupError.

    Args:
        model: The "vendor:model", for the log.
    """
    try:
        yield
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError) as error:
        reason = _reason(error)
        log.warning(
            "model_unavailable",
            model=model,
            reason=reason,
            vendor_error=type(error).__name__,
            vendor_status=getattr(error, "status_code", None),
        )
        UPSTREAM_ERRORS.add(VENDOR, reason)
        asked = retry_after(error)
        raise ModelUnavailable(
            retry_after=min(asked, LONGEST_RETRY_AFTER) if asked else None,
            of_the_request=reason in _OF_THE_REQUEST,
        ) from error


def _reason(error: Exception) -> Reason:
    for kind in type(error).__mro__:
        if kind in REASONS:
            return REASONS[kind]
    return "bad_reply"
