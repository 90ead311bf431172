"""The settings of answering: how long it may take, and who answers where a model does not."""

from typing import Literal

from pydantic import Field

from service_kit.settings import ServiceSettings

Fallback = Literal["none", "extractive"]


class ChatSettings(ServiceSettings):
    """What an answer may take, beside the models that write it."""

    chat_deadline_ms: int = Field(
        default=30_000,
        ge=100,
        le=600_000,
        description="Most milliseconds from a question to the end of its answer.",
        validation_alias="CHAT_DEADLINE_MS",
    )
    answer_deadline_seconds: float | None = Field(
        default=None,
        gt=0,
        le=600,
        description="What CHAT_DEADLINE_MS was called, in seconds; counts where that is unset.",
        validation_alias="ANSWER_DEADLINE_SECONDS",
    )
    llm_silence_ms: int = Field(
        default=15_000,
        ge=100,
        le=600_000,
        description=(
            "Longest wait for the language model's first word, and for each that follows, in "
            "milliseconds, at most half of CHAT_DEADLINE_MS; after it the model counts as away."
        ),
        validation_alias="LLM_SILENCE_MS",
    )
    fallback: Fallback = Field(
        default="none",
        description=(
            "Who answers where no language model does: none (503), or extractive, the book's own "
            "sentences."
        ),
        validation_alias="FALLBACK",
    )

    @property
    def answer_seconds(self) -> float:
        """Most seconds from a question to the end of its answer."""
        if "chat_deadline_ms" not in self.model_fields_set and self.answer_deadline_seconds:
            return self.answer_deadline_seconds
        return self.chat_deadline_ms / 1000
