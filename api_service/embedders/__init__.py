"""Embedders: texts to dense vectors. What plugs in; term weights, always there, are in bm25.py."""

from collections.abc import Callable, Sequence
from typing import Protocol

from api_service.patience import Patience
from api_service.settings import BookSettings, vendor_and_model
from service_kit.settings import BadSettings


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


def _openai(settings: BookSettings, model: str, patience: Patience | None) -> Embedder | None:
    if settings.openai_api_key is None:
        return None
    from api_service.embedders.openai import open_embedder

    return open_embedder(settings, model, patience)


def _local(settings: BookSettings, model: str, _patience: Patience | None) -> Embedder:
    try:
        from api_service.embedders.local import open_embedder
    except ModuleNotFoundError as error:
        raise BadSettings(
            "EMBEDDING_MODEL names a local model, which needs the package fastembed: "
            "install ai-book-backend[api,local]"
        ) from error
    return open_embedder(settings, model)


Open = Callable[[BookSettings, str, Patience | None], Embedder | None]
"""Opens an embedder by its model's name."""

VENDORS: tuple[tuple[str, Open], ...] = (
    ("openai", _openai),
    ("local", _local),
)


def choose(settings: BookSettings, patience: Patience | None = None) -> Embedder | None:
    """Return the embedder the settings name, or None without the key it needs.

    Args:
        settings: Name the model.
        patience: How long it waits for a vendor that is busy; None where a reader waits.

    Raises:
        BadSettings: The vendor is unknown, or the length of the model's vectors, or a local model
            cannot be loaded.
    """
    vendor, model = vendor_and_model(settings.embedding_model)
    for known, open_embedder in VENDORS:
        if known == vendor:
            return open_embedder(settings, model, patience)
    raise BadSettings(
        f"EMBEDDING_MODEL names the vendor {vendor!r}; known are "
        f"{', '.join(name for name, _ in VENDORS)}"
    )
