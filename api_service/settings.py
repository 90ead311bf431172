"""Every setting of api_service. Ingestion needs the book's half; the service needs both."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import NoDecode

from api_service.budget_settings import BudgetSettings
from api_service.chat_settings import ChatSettings
from api_service.documents import DEFAULT_BOOK
from api_service.qdrant_settings import QdrantSettings, WebAddress
from api_service.search_settings import SearchSettings
from service_kit.exposure_settings import ExposureSettings
from service_kit.metrics.settings import metrics_port_field
from service_kit.rate_limit import MEMORY, Rate, StorageUri
from service_kit.serving_settings import ServingSettings
from service_kit.settings import Names, Port, TokenSettings
from service_kit.telemetry_settings import TelemetrySettings


def _as_flag(value: object) -> object:
    return True if value == "better-auth" else value


def vendor_and_model(name: str) -> tuple[str, str]:
    """Return the parts of "vendor:model"; a bare name is a model of OpenAI's."""
    vendor, colon, model = name.partition(":")
    return (vendor, model) if colon else ("openai", name)


def _prices(value: object) -> object:
    if not isinstance(value, str):
        return value
    prices = [tuple(price.split("/")) for price in value.split(",")]
    if any(len(price) != 2 for price in prices):  # noqa: PLR2004 -- in and out
        raise ValueError("is not a price in and one out, such as 0.15/0.60, for each LLM_MODEL")
    return tuple(prices)


Dollars = Annotated[float, Field(ge=0, le=10_000)]
Prices = Annotated[tuple[tuple[Dollars, Dollars], ...], NoDecode, BeforeValidator(_prices)]
"""Of tokens in and out, comma separated."""

BOOK_IN_DEVELOPMENT = "http://localhost:3000/docs"
"""Where Docusaurus serves docs on an author's machine, unless its configuration moves them."""


class BookSettings(QdrantSettings, SearchSettings):
    """Where the book is kept, and what turns its text into vectors."""

    book: str = Field(
        default=DEFAULT_BOOK,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description=(
            "Name of the book that is ingested and searched, where an index keeps several: at most "
            "64 letters, digits, dots, dashes and underscores, a letter or digit first."
        ),
        validation_alias="BOOK",
    )
    data_dir: Path = Field(
        default=Path(".data"),
        description="Folder of everything embedded: the index and its socket live in it.",
        validation_alias="DATA_DIR",
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        description="Key for embeddings and answers; unset, answers are the book's own sentences.",
        validation_alias="OPENAI_API_KEY",
    )
    openai_base_url: WebAddress | None = Field(
        default=None,
        description="Address of another server that speaks OpenAI's API, up to and with /v1.",
        validation_alias="OPENAI_BASE_URL",
    )
    embedding_model: str = Field(
        default="text-embedding-3-small",
        min_length=1,
        description="Embedding model as vendor:model; a bare name means openai.",
        validation_alias="EMBEDDING_MODEL",
    )
    embedding_dimensions: int | None = Field(
        default=None,
        ge=1,
        le=65536,
        description="Length of the embedding model's vectors; known for OpenAI's own models.",
        validation_alias="EMBEDDING_DIMENSIONS",
    )
    embedding_tokens: int | None = Field(
        default=None,
        ge=16,
        le=131072,
        description=(
            "Most tokens a local embedding model reads at once; longer texts are embedded in "
            "pieces. Unset: what its folder says, else 256."
        ),
        validation_alias="EMBEDDING_TOKENS",
    )
    embedding_concurrency: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Requests for embeddings that an ingestion has under way, at most.",
        validation_alias="EMBEDDING_CONCURRENCY",
    )
    embedding_patience_seconds: float = Field(
        default=300.0,
        gt=0,
        le=86400,
        description="How long one such request is tried again while the vendor is busy.",
        validation_alias="EMBEDDING_PATIENCE_SECONDS",
    )
    embedding_cache_mb: int = Field(
        default=1024,
        ge=0,
        le=1_048_576,
        description="Most megabytes of embeddings kept in DATA_DIR, to be paid for once; 0: none.",
        validation_alias="EMBEDDING_CACHE_MB",
    )
    embedding_price: float | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="US dollars for a million tokens embedded; known for OpenAI's own models.",
        validation_alias="EMBEDDING_PRICE",
    )
    fusion: Literal["convex", "dbsf", "rrf"] = Field(
        default="convex",
        description=(
            "How the rankings by terms and by meaning become one: convex adds both scores of each "
            "candidate, dbsf and rrf are Qdrant's own."
        ),
        validation_alias="FUSION",
    )
    book_base_url: WebAddress = Field(
        default=BOOK_IN_DEVELOPMENT,
        description=(
            "Address the book is read at; paths of its pages are put after it. Unset, the path is "
            "what a Docusaurus site around the book says."
        ),
        validation_alias="BOOK_BASE_URL",
    )


class WritingSettings(BookSettings):
    """What writes about the book besides."""

    llm_model: Names = Field(
        default=("gpt-4o-mini",),
        min_length=1,
        description=(
            "Language model as vendor:model; a bare name means openai. Of several, comma "
            "separated, the next is asked where one does not answer."
        ),
        validation_alias="LLM_MODEL",
    )
    llm_price: Prices = Field(
        default=(),
        description=(
            "US dollars for a million tokens in and out, such as 0.15/0.60, of each LLM_MODEL in "
            "its order, to estimate costs; known for some of OpenAI's own models."
        ),
        validation_alias="LLM_PRICE",
    )

    @property
    def llm_names(self) -> tuple[str, ...]:
        """The language models as "vendor:model"."""
        return tuple(":".join(vendor_and_model(name)) for name in self.llm_model)


class Settings(
    TelemetrySettings,
    TokenSettings,
    ExposureSettings,
    ServingSettings,
    BudgetSettings,
    ChatSettings,
    WritingSettings,
):
    """Everything the service reads."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on; 0.0.0.0 for every network of the machine.",
        validation_alias="API_SERVER_HOST",
    )
    port: Port = Field(
        default=8000,
        description="Port to listen on; PORT counts where this is unset.",
        validation_alias=AliasChoices("API_SERVER_PORT", "PORT"),
    )
    metrics_port: Port | None = metrics_port_field("API_METRICS_PORT")
    rate_limit: Annotated[bool, BeforeValidator(_as_flag)] = Field(
        default=True,
        description="Whether callers are limited: on or off; auth-service's better-auth is on.",
        validation_alias="RATE_LIMIT",
    )
    rate_limit_storage_uri: StorageUri = Field(
        default=SecretStr(MEMORY),
        description=(
            "Where requests, answers and tokens are counted: in this process, or in the Redis at "
            "redis://host:6379/0 for all workers together."
        ),
        validation_alias="RATE_LIMIT_STORAGE_URI",
    )
    chat_rate_limit: Rate = Field(
        default="20/minute",
        description="Questions and searches, together, that one caller may send.",
        validation_alias="CHAT_RATE_LIMIT",
    )
    auth_service_url: WebAddress = Field(
        default="http://localhost:3001",
        description="Address at which this service reaches auth-service.",
        validation_alias="AUTH_SERVICE_URL",
    )
    revocations: Literal["off", "best-effort", "required"] = Field(
        default="best-effort",
        description=(
            "Whether auth-service is heard about tokens revoked before their time: off, "
            "best-effort, or required, which refuses tokens while it has been silent for too long."
        ),
        validation_alias="REVOCATIONS",
    )
    revocations_silence_seconds: float = Field(
        default=60.0,
        ge=1,
        le=86400,
        description="Most seconds without a word from auth-service, where revocations count.",
        validation_alias="REVOCATIONS_SILENCE_SECONDS",
    )
    better_auth_url: WebAddress | None = Field(
        default=None,
        description=(
            "Address readers reach auth-service under, as it has it: its tokens of EdDSA name it. "
            "Unset: http://localhost and the port of AUTH_SERVICE_URL."
        ),
        validation_alias="BETTER_AUTH_URL",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Worker processes; more than one needs a Qdrant server.",
        validation_alias="WEB_CONCURRENCY",
    )

    @model_validator(mode="after")
    def _one_process_holds_the_embedded_index(self) -> Self:
        if self.workers > 1 and self.qdrant_url is None:
            raise ValueError(
                f"WEB_CONCURRENCY is {self.workers}, but the embedded Qdrant engine lets one "
                "process in; set QDRANT_URL to a Qdrant server, or WEB_CONCURRENCY to 1"
            )
        return self

    @property
    def auth_service_origin(self) -> str:
        """The origin of auth-service as readers reach it: what it calls itself in tokens."""
        inside = urlsplit(self.auth_service_url)
        own = urlsplit(self.better_auth_url or f"http://localhost:{inside.port or 3001}")
        return f"{own.scheme}://{own.netloc}"

    @property
    def by_https(self) -> bool:
        """Whether readers come by https, as they do to auth-service."""
        return self.auth_service_origin.startswith("https://")
