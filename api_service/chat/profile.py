"""What the token tells of a reader, as the prompt has it: quoted, bounded, never an order."""

import re
import unicodedata

from api_service.chat.question import Reader

LENGTH = 200
"""Longest claim, in characters; of a longer one its beginning is read."""

# A background says what somebody knows. What speaks to whoever reads it, or of what that one was
# told, is none, and the whole claim with it.
_ORDERS = re.compile(
    r"\b(?:you|your|yours|yourself|ignore|disregard|forget|override|bypass|obey|pretend|reveal"
    r"|jailbreak|from now on|chatbot|language model|system prompt|system message"
    r"|(?:answer|reply|respond|speak|write) (?:in|with|as|only|everything|like)"
    r"|(?:these|those|all|any|previous|prior|earlier|above|the) (?:instructions?|prompts?|rules?)"
    r")\b|https?:|</?\w",
    re.IGNORECASE,
)


def described(reader: Reader) -> str:
    """Return a line for each thing known of a reader, "" where nothing is.

    Equal readers have equal descriptions, so this is what an answer may depend on.
    """
    claims = (
        ("software", reader.software_background),
        ("hardware", reader.hardware_background),
        ("interest", reader.interest_area),
    )
    said = ((name, _quoted(claim)) for name, claim in claims)
    return "\n".join(f'{name}: "{text}"' for name, text in said if text)


def _quoted(claim: str) -> str:
    folded = unicodedata.normalize("NFKC", claim)
    shown = "".join(_shown(each) for each in folded)
    text = " ".join(shown.replace('"', "'").split())
    if _ORDERS.search(text):
        return ""
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1].rstrip()}\u2026"


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in {"Zs", "Zl", "Zp", "Cc"}:
        return " "
    return "" if kind in {"Cf", "Co", "Cs", "Cn"} else character
