"""What answers cost, for an estimate: nobody's bill."""

from api_service.llms import Usage
from api_service.settings import WritingSettings

_MILLION = 1_000_000

# US dollars for a million tokens, in and out. Source: OpenAI's list prices of April 2025; what is
# charged today may differ, and LLM_PRICE sets another.
_KNOWN = {
    "openai:gpt-4o-mini": (0.15, 0.60),
    "openai:gpt-4o": (2.50, 10.0),
    "openai:gpt-4.1-nano": (0.10, 0.40),
    "openai:gpt-4.1-mini": (0.40, 1.60),
    "openai:gpt-4.1": (2.0, 8.0),
}


def estimated_cost(model: str, usage: Usage, settings: WritingSettings) -> float | None:
    """Return the US dollars that tokens of a model, "vendor:model", cost; None if not known."""
    own = dict(zip(settings.llm_names, settings.llm_price, strict=False))
    # Another server may speak OpenAI's API, but its prices are its own.
    price = own.get(model) or (None if settings.openai_base_url else _KNOWN.get(model))
    if price is None:
        return None
    return (usage.input_tokens * price[0] + usage.output_tokens * price[1]) / _MILLION
