"""Requests to OpenAI sent again, as the vendor asks: after the time it names, within bounds.

A command is patient and waits; a reader is waiting, and waits no longer than an answer is wanted.

Source: the documented rate limits (429 with Retry-After or retry-after-ms) and the error code
`insufficient_quota`, a 429 that no waiting mends. Backoff is exponential with jitter.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

import openai

from api_service.patience import Patience

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_WORTH_TELLING = 5.0
_AWAY_TRIES = 6  # some 15 seconds: an address that nobody answers at is more likely wrong than busy
_READERS_TRIES = 2
_AGAIN = frozenset({408, 409, 429})
_SERVER_ERROR = 500

_T = TypeVar("_T")


async def patiently(ask: Callable[[], Awaitable[_T]], patience: Patience) -> _T:
    """Ask, and ask again after failures that pass, for as long as patience lasts.

    Raises:
        openai.OpenAIError: The last failure.
    """
    given_up = time.monotonic() + patience.seconds
    tries = 0
    while True:
        try:
            return await ask()
        except openai.APIError as error:
            wait = seconds_to_wait(error, tries)
            if wait is None or time.monotonic() + wait > given_up:
                raise
            if tries + 1 == patience.tries:
                raise
        tries += 1
        if wait >= _WORTH_TELLING:
            patience.told(f"The embedder is busy; it is asked again in {wait:.0f} s.")
        await asyncio.sleep(wait)


def pause_before(wanted_by: float, error: BaseException | None, tries: int) -> float | None:
    """Return how long to wait before asking again while a reader waits; None where not to ask.

    Args:
        wanted_by: When an answer must have begun, in the event loop's seconds.
        error: What the vendor's package raised.
        tries: How often it went wrong before.
    """
    if tries >= _READERS_TRIES or not isinstance(error, openai.APIError):
        return None
    wait = seconds_to_wait(error, tries)
    now = asyncio.get_running_loop().time()
    return wait if wait is not None and now + wait < wanted_by else None


def seconds_to_wait(error: openai.APIError, tries: int) -> float | None:
    """Return how long to wait before asking again; None where asking again is of no use.

    Args:
        error: What went wrong.
        tries: How often it went wrong before.
    """
    backoff = min(_FIRST_WAIT * 2**tries, _LONGEST_WAIT)
    backoff *= 1 - random.random() / 4  # noqa: S311 - so that those who failed together part
    if isinstance(error, openai.APIConnectionError):
        return backoff if tries < _AWAY_TRIES else None
    if not isinstance(error, openai.APIStatusError) or is_out_of_quota(error):
        return None
    if error.status_code not in _AGAIN and error.status_code < _SERVER_ERROR:
        return None
    # A server that says "at once" to everybody is asked no faster than one that says nothing.
    return retry_after(error) or backoff


def is_out_of_quota(error: BaseException | None) -> bool:
    """Tell whether the account has nothing left to spend."""
    return isinstance(error, openai.RateLimitError) and "insufficient_quota" in (
        error.code,
        error.type,
    )


def retry_after(error: BaseException | None) -> float | None:
    """Return the seconds the vendor asks to wait; None where it says nothing to be understood."""
    if not isinstance(error, openai.APIStatusError):
        return None
    headers = error.response.headers
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        after = headers.get("retry-after")
        if after is None:
            return None
        if after.strip().replace(".", "", 1).isdigit():
            return float(after)
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
