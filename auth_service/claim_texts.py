"""How much of a profile's texts a token says: it travels in a header, and profiles may be long."""

from pydantic_core import to_json

CLAIM_BYTES = 800
"""Most bytes of one text, as JSON; with all of them full, a token stays below 8 KiB."""

_MOST_BYTES_EACH = 6  # a control character, escaped


def claim_text(text: str | None) -> str | None:
    """Return as much of a text's beginning as goes into a token."""
    if text is None or len(text) <= CLAIM_BYTES // _MOST_BYTES_EACH:
        return text
    text = text[:CLAIM_BYTES]
    while len(to_json(text)) > CLAIM_BYTES:
        text = text[: len(text) * 9 // 10]
    return text
