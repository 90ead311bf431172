"""Language models: what they are asked, and what plugs in. `choose` picks one by "vendor:model"."""

from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Literal, Protocol

from api_service.chat_settings import Fallback
from api_service.documents import ScoredChunk
from api_service.settings import WritingSettings, vendor_and_model
from service_kit.settings import BadSettings

ANSWER_TOKENS = 800
"""Longest answer of a model, in its tokens; about a page."""

SILENCE_SECONDS = 15.0
"""Longest wait for a model's first word, and for each next one, where nothing else is set."""

Mode = Literal["generated", "extractive"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything a model may know of one question.

    Attributes:
        instructions: The filled prompt file; sources are numbered in it and fenced as data.
        question: The reader's own words.
        sources: What the numbers stand for: source n is sources[n - 1].
        standalone: The question with what it leans on; "" where it is not known to lean.
        wanted_by: When its first word must be there, in the event loop's seconds; who fails and
            could not begin again before then, does not.
    """

    instructions: str
    question: str
    sources: tuple[ScoredChunk, ...]
    standalone: str = ""
    wanted_by: float = inf


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer took, in the vendor's own tokens."""

    input_tokens: int
    output_tokens: int

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )


@dataclass(frozen=True, slots=True)
class Writer:
    """Who answers, where it is not whom the model is named for.

    Attributes:
        name: The "vendor:model".
        mode: How the answer comes about.
    """

    name: str
    mode: Mode


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

    def stream(self, prompt: Prompt) -> AsyncGenerator[str | Usage | Writer]:
        """Yield the answer in pieces, in order, and at the end what it took, if that is known.

        Where somebody else answers than the model is named for, that comes first. There are no
        words where the model can tell that the sources do not answer.

        Raises:
            ModelUnavailable: The vendor refused, failed or fell silent.
        """
        ...

    async def check(self) -> None:
        """Make sure the vendor answers, without spending anything.

        Raises:
            ModelUnavailable: It does not.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def _openai(settings: WritingSettings, model: str) -> LanguageModel:
    from api_service.llms.openai import open_model

    return open_model(settings, model)


def _extractive(settings: WritingSettings, _model: str) -> LanguageModel:
    from api_service.llms.extractive import ExtractiveModel

    return ExtractiveModel(settings.book_language)


VENDORS: tuple[tuple[str, Callable[[WritingSettings, str], LanguageModel]], ...] = (
    ("openai", _openai),
    ("extractive", _extractive),
)


def choose(
    settings: WritingSettings,
    *,
    silence_seconds: float = SILENCE_SECONDS,
    fallback: Fallback = "none",
) -> LanguageModel:
    """Return the language model the settings name; without OpenAI's key, the extractive one.

    Of several, the first that answers does, in their order.

    Args:
        settings: Name the models.
        silence_seconds: Longest wait for a model's first word, and for each next one.
        fallback: Who answers where none of them does.

    Raises:
        BadSettings: A vendor is unknown.
    """
    from api_service.llms.fallbacks import WithFallbacks

    models = list(_each(settings))
    if fallback == "extractive" and models[-1].mode != "extractive":
        models.append(_extractive(settings, "sentences"))
    if models[0].mode == "extractive":
        return models[0]
    return WithFallbacks(models, silence_seconds)


def _each(settings: WritingSettings) -> Iterator[LanguageModel]:
    known = dict(VENDORS)
    for name in settings.llm_model:
        vendor, model = vendor_and_model(name)
        if vendor not in known:
            raise BadSettings(
                f"LLM_MODEL names the vendor {vendor!r}; known are {', '.join(known)}"
            )
        if vendor == "openai" and settings.openai_api_key is None:
            vendor = "extractive"
        yield known[vendor](settings, model)
        if vendor == "extractive":
            return  # it never fails, so nobody behind it is asked
