"""What embeddings cost, for estimates."""

from dataclasses import dataclass

from api_service.settings import BookSettings

_MILLION = 1_000_000

# Source: OpenAI's announcement of these models, 25 January 2024; what is charged today may differ.
_DATE = "OpenAI's list price of January 2024; EMBEDDING_PRICE sets another"
_KNOWN = {
    "openai:text-embedding-3-small": 0.02,
    "openai:text-embedding-3-large": 0.13,
    "openai:text-embedding-ada-002": 0.10,
}
_LOCAL = "local:"


@dataclass(frozen=True, slots=True)
class Price:
    """A price.

    Attributes:
        per_token: US dollars.
        source: Where it is from, in words.
    """

    per_token: float
    source: str


def price_of(embedder: str, settings: BookSettings) -> Price | None:
    """Return what an embedder, "vendor:model", costs; None if that is not known."""
    if settings.embedding_price is not None:
        dollars = settings.embedding_price
        return Price(dollars / _MILLION, f"${dollars:g} a million, by EMBEDDING_PRICE")
    if embedder.startswith(_LOCAL):
        return Price(0.0, "on this machine")
    # Another server may speak OpenAI's API, but its prices are its own.
    if settings.openai_base_url is None and embedder in _KNOWN:
        return Price(_KNOWN[embedder] / _MILLION, f"${_KNOWN[embedder]:g} a million, {_DATE}")
    return None
