"""Vectors from an embedding model of OpenAI's, or of a server that speaks its API."""

import base64
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from openai import AsyncOpenAI

from api_service.openai_client import VENDOR, open_client, translated
from api_service.openai_retries import patiently
from api_service.patience import A_READERS, Patience
from api_service.settings import BookSettings
from api_service.token_counts import count_tokens, cut_to_tokens
from service_kit.settings import BadSettings

DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}

REQUEST_TEXTS = 2048
REQUEST_TOKENS = 300_000
"""What OpenAI embeds in one request, at most."""

TEXT_TOKENS = 8191
"""Longest text OpenAI's embedding models take, in tokens of cl100k."""


class OpenAIEmbedder:
    """One embedding model.

    Args:
        client: Closed by close().
        model: The vendor's name of the model.
        dimensions: The length of its vectors.
        patience: How long a request that failed is sent again.
    """

    def __init__(
        self, client: AsyncOpenAI, model: str, dimensions: int, patience: Patience = A_READERS
    ) -> None:
        self.name = f"{VENDOR}:{model}"
        self.dimensions = dimensions
        self._client = client
        self._model = model
        self._patience = patience

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, shape (len(texts), dimensions), in their order.

        Texts longer than the model takes are cut.

        Raises:
            ModelUnavailable: The vendor refused, failed, fell silent or sent something else.
        """
        vectors: list[list[float]] = []
        for some in requests([cut_to_tokens(text, TEXT_TOKENS) for text in texts]):
            vectors += await self._embed_request(some)
        return vectors

    async def _embed_request(self, texts: list[str]) -> list[list[float]]:
        async def ask() -> Any:  # noqa: ANN401 -- JSON of somebody else's
            # The package's own objects of a reply take as long to make as all else it does with it.
            return await self._client.post(
                "/embeddings",
                body={"model": self._model, "input": texts, "encoding_format": "base64"},
                cast_to=object,
            )

        with translated(self.name):
            reply = await patiently(ask, self._patience)
            by_place = {entry["index"]: _vector(entry["embedding"]) for entry in reply["data"]}
            vectors = [by_place[place] for place in range(len(texts))]
            if any(len(vector) != self.dimensions for vector in vectors):
                raise ValueError("the vectors have another length than the model's")
            return vectors

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


def _vector(embedding: str | list[float]) -> list[float]:
    """Return a vector that came as it was asked for, float32 in base64, or as numbers.

    Servers that speak the same API send numbers whatever they are asked for.
    """
    if not isinstance(embedding, str):
        return list(embedding)
    return array("f", base64.b64decode(embedding)).tolist()


def requests(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts, in their order, as many at a time as one request may hold."""
    some: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode())  # never fewer than its tokens, and counted at once
        if size + length > REQUEST_TOKENS:
            length = count_tokens(text)
            size = sum(count_tokens(each) for each in some)
        if some and (len(some) == REQUEST_TEXTS or size + length > REQUEST_TOKENS):
            yield some
            some, size = [], 0
        some.append(text)
        size += length
    if some:
        yield some


def open_embedder(
    settings: BookSettings, model: str, patience: Patience | None = None
) -> OpenAIEmbedder:
    """Return the embedder of this name; nothing is sent yet.

    Raises:
        BadSettings: The length of the model's vectors is not known.
    """
    dimensions = settings.embedding_dimensions or DIMENSIONS.get(model)
    if dimensions is None:
        raise BadSettings(
            f"EMBEDDING_DIMENSIONS is not set, and the length of {model}'s vectors is not known"
        )
    return OpenAIEmbedder(open_client(settings), model, dimensions, patience or A_READERS)
