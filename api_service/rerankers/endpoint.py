"""A reranker behind HTTP: any `/rerank` endpoint, of a vendor or of a server of one's own.

Two requests are spoken. Cohere, Jina, Voyage and vLLM take `documents` and answer a list of
`{"index", "relevance_score"}` as `results` or `data`; Hugging Face's Text Embeddings Inference
takes `texts` and answers a bare list of `{"index", "score"}`. Which one the endpoint means shows
when it refuses the other's.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from pydantic import SecretStr

from api_service.problems import ModelUnavailable
from api_service.settings import BookSettings
from api_service.upstreams import count_failure
from service_kit.http_pool import NO_QUEUE

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 2.0

_MOST_BYTES = 1_000_000
"""A score of each passage takes a hundredth of that; some send the passages back."""

_OTHER_FORM = {httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY}


_NO_ANSWER = (
    httpx.HTTPError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,  # a score of five hundred digits
    RecursionError,  # lists in lists in lists
)


class EndpointReranker:
    """One endpoint.

    Args:
        url: Its whole address, such as https://reranker.example/v1/rerank.
        model: Named in each request, where the endpoint serves several.
        api_key: Sent as a bearer token.
        seconds: Longest wait.
    """

    def __init__(
        self, url: str, model: str | None, api_key: SecretStr | None, seconds: float
    ) -> None:
        self.name = f"rerank:{urlsplit(url).hostname}"
        self.seconds = seconds
        self._url = url
        self._model = {"model": model} if model else {}
        self._takes_texts = False
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {},
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            limits=NO_QUEUE,
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment's would see keys
        )

    async def rerank(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return how well each passage fits, in their order; higher is better.

        Raises:
            ModelUnavailable: The endpoint refused, failed, fell silent or sent something else.
        """
        status: int | None = None
        try:
            reply = await self._ask(question, passages)
            if reply.status_code in _OTHER_FORM:
                self._takes_texts = not self._takes_texts
                reply = await self._ask(question, passages)
            status = reply.status_code
            reply.raise_for_status()
            return _scores(reply.json(), len(passages))
        except _NO_ANSWER as error:
            log.warning(
                "model_unavailable",
                model=self.name,
                vendor_error=type(error).__name__,
                vendor_status=status,
            )
            count_failure("reranker", error)
            raise ModelUnavailable("The reranker did not answer us.") from error

    async def _ask(self, question: str, passages: Sequence[str]) -> httpx.Response:
        body: Mapping[str, object] = (
            {"query": question, "texts": passages, "truncate": True}
            if self._takes_texts
            else {**self._model, "query": question, "documents": passages}
        )
        async with self._http.stream("POST", self._url, json=body) as reply:
            held = bytearray()
            async for piece in reply.aiter_bytes():
                held += piece
                if len(held) > _MOST_BYTES:
                    raise ValueError("the answer is too long")
            return httpx.Response(reply.status_code, content=bytes(held), request=reply.request)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


def open_reranker(settings: BookSettings, url: str) -> EndpointReranker:
    """Return the reranker at this address; nothing is sent yet."""
    return EndpointReranker(
        url, settings.reranker_model, settings.reranker_api_key, settings.reranker_seconds
    )


def _scores(reply: Any, count: int) -> list[float]:  # noqa: ANN401 # whatever a server sent
    """Return the scores of a reply by the passages' places.

    Raises:
        ValueError, TypeError, LookupError, AttributeError, OverflowError: It is none, leaves a
            passage out, or has a score that compares with no other.
    """
    entries = reply if isinstance(reply, list) else reply.get("results") or reply["data"]
    by_place = {
        entry["index"]: float(
            entry["relevance_score"] if "relevance_score" in entry else entry["score"]
        )
        for entry in entries
    }
    scores = [by_place[place] for place in range(count)]
    if not all(map(math.isfinite, scores)):
        raise ValueError("a score is no number")
    return scores
