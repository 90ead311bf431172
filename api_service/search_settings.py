"""The settings of searching: the book's language, and what orders what was found once more."""

from typing import Literal

from pydantic import Field, SecretStr

from service_kit.settings import ServiceSettings

Language = Literal[
    "none",
    "arabic",
    "azerbaijani",
    "basque",
    "bengali",
    "catalan",
    "chinese",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hebrew",
    "hinglish",
    "hungarian",
    "indonesian",
    "italian",
    "japanese",
    "kazakh",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "slovene",
    "spanish",
    "swedish",
    "tajik",
    "turkish",
]
"""What stems and stop words can be had for, from Qdrant's BM25; "none" leaves words as they are."""

DEFAULT_LANGUAGE: Language = "english"


class SearchSettings(ServiceSettings):
    """How questions are searched, beside the vectors."""

    book_language: Language = Field(
        default=DEFAULT_LANGUAGE,
        description=(
            "Language whose stems and stop words the search by terms knows, such as german; none "
            "leaves words as they are. The next ingestion writes every chunk again."
        ),
        validation_alias="BOOK_LANGUAGE",
    )
    context_tokens: int = Field(
        default=1500,
        ge=0,
        le=5000,
        description=(
            "Most tokens of neighbouring passages that an answer's sources are read with; 0: none."
        ),
        validation_alias="CONTEXT_TOKENS",
    )
    reranker: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "What orders the best passages once more: the address of a /rerank endpoint, or "
            "local:FOLDER for a cross-encoder on this machine. Unset: nothing does."
        ),
        validation_alias="RERANKER",
    )
    reranker_model: str | None = Field(
        default=None,
        min_length=1,
        description="Model a /rerank endpoint is asked for, where it serves several.",
        validation_alias="RERANKER_MODEL",
    )
    reranker_api_key: SecretStr | None = Field(
        default=None,
        description="Key of the /rerank endpoint.",
        validation_alias="RERANKER_API_KEY",
    )
    reranker_seconds: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="Longest wait for the reranker; after it the order stays as it was.",
        validation_alias="RERANKER_SECONDS",
    )
