"""Rerankers: questions and passages to how well they fit. What plugs in; `choose` picks one."""

from collections.abc import Sequence
from typing import Protocol

from api_service.settings import BookSettings
from service_kit.settings import BadSettings, is_web_address

LOCAL = "local"


class Reranker(Protocol):
    """Reads passages beside the question they may answer."""

    @property
    def name(self) -> str:
        """What it is, for the log."""
        ...

    @property
    def seconds(self) -> float:
        """Longest wait for it."""
        ...

    async def rerank(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return how well each passage fits, in their order; higher is better.

        Raises:
            ModelUnavailable: It refused, failed or sent something else.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...


def choose(settings: BookSettings) -> Reranker | None:
    """Return the reranker the settings name, or None where they name none.

    Raises:
        BadSettings: RERANKER is neither an address nor a local model, or that cannot be loaded.
    """
    if settings.reranker is None:
        return None
    if is_web_address(settings.reranker):
        from api_service.rerankers.endpoint import open_reranker

        return open_reranker(settings, settings.reranker)
    vendor, _, model = settings.reranker.partition(":")
    if vendor != LOCAL or not model:
        raise BadSettings(
            f"RERANKER is {settings.reranker!r}, which is neither the address of a /rerank "
            "endpoint nor local: and the folder of a cross-encoder"
        )
    try:
        from api_service.rerankers.local import open_reranker as open_local
    except ModuleNotFoundError as error:
        raise BadSettings(
            "RERANKER names a local model, which needs the package fastembed: "
            "install ai-book-backend[api,local]"
        ) from error
    return open_local(settings, model)
