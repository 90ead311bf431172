"""Embedders: texts to dense vectors. What plugs in; term weights, always there, are in bm25.py."""

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Turns texts into vectors whose nearness is nearness in meaning."""

    @property
    def name(self) -> str:
        """The "vendor:model"; vectors of different names never meet in one index."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of each vector."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, shape (len(texts), dimensions), in their order.

        Raises:
            ModelUnavailable: The vendor refused, failed or fell silent.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
