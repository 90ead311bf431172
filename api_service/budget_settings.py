"""The settings of what answers may cost, beside how often a caller may ask."""

from pydantic import Field

from service_kit.settings import ServiceSettings


class BudgetSettings(ServiceSettings):
    """Answers at once, and tokens of the language model; 0 stands for no limit."""

    answers_at_once: int = Field(
        default=1000,
        ge=1,
        le=60_000,
        description=(
            "Answers and searches each process has under way at once, everybody's together; for "
            "more, callers are told to try again."
        ),
        validation_alias="ANSWERS_AT_ONCE",
    )
    chat_streams: int = Field(
        default=5,
        ge=0,
        le=10_000,
        description="Answers one reader may have under way at once; 0: any number.",
        validation_alias="CHAT_STREAMS",
    )
    chat_tokens_a_day: int = Field(
        default=300_000,
        ge=0,
        le=10**15,
        description="Tokens the answers to one reader may take a day, UTC; 0: any number.",
        validation_alias="CHAT_TOKENS_A_DAY",
    )
    api_key_streams: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="As CHAT_STREAMS for one API key, within its owner's; 0: no limit of its own.",
        validation_alias="API_KEY_STREAMS",
    )
    api_key_tokens_a_day: int = Field(
        default=0,
        ge=0,
        le=10**15,
        description=(
            "As CHAT_TOKENS_A_DAY for one API key, within its owner's; 0: no limit of its own."
        ),
        validation_alias="API_KEY_TOKENS_A_DAY",
    )
    tokens_a_month: int = Field(
        default=100_000_000,
        ge=0,
        le=10**15,
        description=(
            "Tokens all answers together may take in a calendar month, UTC, whatever RATE_LIMIT "
            "says; 0: any number."
        ),
        validation_alias="TOKENS_A_MONTH",
    )
    answer_cache: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description=(
            "Answers kept in memory, to be given again to the same question of a reader with the "
            "same background while book, model and prompt are the same; 0: none."
        ),
        validation_alias="ANSWER_CACHE",
    )
