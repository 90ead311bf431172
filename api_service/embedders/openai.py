"""Vectors from an embedding model of OpenAI's, or of a server that speaks its API."""

from collections.abc import Sequence

from openai import AsyncOpenAI

from api_service.openai_client import VENDOR, open_client, translated
from api_service.settings import BookSettings
from api_service.token_counts import cut_to_tokens
from service_kit.settings import BadSettings

DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}

BATCH = 256
"""Texts per request; OpenAI takes 2,048, but no more than 300,000 tokens."""

TEXT_TOKENS = 8191
"""Longest text OpenAI's embedding models take, in tokens of cl100k."""


class OpenAIEmbedder:
    """One embedding model.

    Args:
        client: Closed by close().
        model: The vendor's name of the model.
        dimensions: The length of its vectors.
    """

    def __init__(self, client: AsyncOpenAI, model: str, dimensions: int) -> None:
        self.name = f"{VENDOR}:{model}"
        self.dimensions = dimensions
        self._client = client
        self._model = model

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, shape (len(texts), dimensions), in their order.

        Texts longer than the model takes are cut.

        Raises:
            ModelUnavailable: The vendor refused, failed, fell silent or sent something else.
        """
        vectors: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            vectors += await self._embed_batch(
                [cut_to_tokens(text, TEXT_TOKENS) for text in texts[start:][:BATCH]]
            )
        return vectors

    async def _embed_batch(self, texts: list[str]) -> list[list[float]]:
        with translated(self.name):
            reply = await self._client.embeddings.create(model=self._model, input=texts)
            by_place = {entry.index: list(entry.embedding) for entry in reply.data}
            vectors = [by_place[place] for place in range(len(texts))]
            if any(len(vector) != self.dimensions for vector in vectors):
                raise ValueError("the vectors have another length than the model's")
            return vectors

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


def open_embedder(settings: BookSettings, model: str) -> OpenAIEmbedder:
    """Return the embedder of this name; nothing is sent yet.

    Raises:
        BadSettings: The length of the model's vectors is not known.
    """
    dimensions = settings.embedding_dimensions or DIMENSIONS.get(model)
    if dimensions is None:
        raise BadSettings(
            f"EMBEDDING_DIMENSIONS is not set, and the length of {model}'s vectors is not known"
        )
    return OpenAIEmbedder(open_client(settings), model, dimensions)
