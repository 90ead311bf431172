"""Language models: what they are asked, and what plugs in. `choose` picks one by "vendor:model"."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol

from api_service.documents import ScoredChunk

Mode = Literal["generated", "extractive"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything a model may know of one question.

    Attributes:
        instructions: The filled prompt file; sources are numbered in it and fenced as data.
        question: The reader's own words.
        sources: What the numbers stand for: source n is sources[n - 1].
    """

    instructions: str
    question: str
    sources: tuple[ScoredChunk, ...]


class LanguageModel(Protocol):
    """Answers a prompt from its sources, citing them as [n]."""

    @property
    def name(self) -> str:
        """The "vendor:model"."""
        ...

    @property
    def mode(self) -> Mode:
        """How answers come about: a model writes them, or they are the book's own words."""
        ...

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield the answer in pieces, in order.

        Raises:
            ModelUnavailable: The vendor refused, failed or fell silent.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
