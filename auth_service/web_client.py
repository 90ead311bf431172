"""Asking other servers: bounded in time and size, and never led elsewhere."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote_plus, urlsplit

import httpx
import structlog
from pydantic_core import from_json

from service_kit.http_failures import NO_ANSWER
from service_kit.http_pool import NO_QUEUE

log = structlog.get_logger(__name__)

BODY_LIMIT = 256 * 1024  # bytes
CONNECT_SECONDS = 5.0
FAILURE_REMEMBERED = 5.0  # seconds
_OK = range(200, 300)


class WebFailure(Exception):
    """A server does not answer as it should; the text is the class of reason, and no more."""


@dataclass(slots=True)
class _Kept:
    """A document, when it was read, and when reading it last failed; in monotonic seconds."""

    value: object = None
    read_at: float = float("-inf")
    failed_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class WebClient:
    """Reads JSON from other servers.

    Args:
        seconds: What an answer may take, from the first byte sent to the last one read.
    """

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._client = httpx.AsyncClient(
            limits=NO_QUEUE,
            # A redirect would carry a code, a secret or a token to a place nobody has named.
            follow_redirects=False,
            timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
            # Not packed: what is small on its way could be huge in memory.
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )
        self._kept: dict[str, _Kept] = {}

    async def get(self, url: str, *, bearer: str | None = None) -> object:
        """Return the JSON of a GET.

        Args:
            url: Where.
            bearer: An access token to show there.

        Raises:
            WebFailure: No answer, another status than 2xx, or no JSON within the bounds.
        """
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return await self._json("GET", url, headers=headers)

    async def post(
        self, url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None
    ) -> object:
        """Return the JSON of a form's POST.

        Args:
            url: Where.
            form: What is sent.
            basic: Name and secret for HTTP's basic authentication.

        Raises:
            WebFailure: As `get`.
        """
        # RFC 6749 section 2.3.1: both are form-encoded before they are put together.
        auth = httpx.BasicAuth(*map(quote_plus, basic)) if basic else None
        return await self._json("POST", url, form=form, auth=auth)

    async def kept(self, url: str, *, at_most: timedelta) -> object:
        """Return the JSON of a GET, read again if what is kept is older than `at_most`.

        Of several that ask at once one reads. A failure is remembered for a moment, so that
        callers cannot make us hammer a server that is in trouble.

        Raises:
            WebFailure: As `get`.
        """
        kept = self._kept.setdefault(url, _Kept())
        async with kept.lock:
            now = time.monotonic()
            if now - kept.read_at <= at_most.total_seconds():
                return kept.value
            if now - kept.failed_at < FAILURE_REMEMBERED:
                raise WebFailure("FailedLately")
            try:
                kept.value = await self.get(url)
            except WebFailure:
                kept.failed_at = time.monotonic()
                raise
            kept.read_at = time.monotonic()
            return kept.value

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _json(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
    ) -> object:
        asked = self._client.stream(method, url, headers=headers, data=form, auth=auth)
        try:
            async with asyncio.timeout(self._seconds), asked as answer:
                return from_json(await _bounded(answer), allow_inf_nan=False)
        except (WebFailure, *NO_ANSWER, httpx.InvalidURL, ValueError) as error:
            reason = str(error) if isinstance(error, WebFailure) else type(error).__name__
            log.warning("web_failure", host=urlsplit(url).hostname, reason=reason)
            raise WebFailure(reason) from error


async def _bounded(answer: httpx.Response) -> bytes:
    """Return the body of a good answer; a redirect is none."""
    if answer.status_code not in _OK:
        raise WebFailure(f"Status{answer.status_code}")
    if "content-encoding" in answer.headers:
        raise WebFailure("Packed")
    body = b""
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > BODY_LIMIT:
            raise WebFailure("TooLarge")
    return body
