"""Admonitions in words: Docusaurus' `:::note[Title]` and GitHub's `> [!TIP]` become "Note: ..."."""

import re

from api_service.ingestion.loaders.masking import BLOCK
from api_service.ingestion.loaders.tracing import Edit, Traced

_JOINT = "\ufdd3"  # stands after "Note:" until the text that follows is joined to it

_DIRECTIVE = re.compile(
    r"^(?P<lead>[ \t>]*):{3,}(?:[ \t]*(?P<kind>[a-zA-Z][\w-]*)(?P<rest>[^\n]*)|[ \t]*)$",
    re.MULTILINE,
)
_ALERT = re.compile(r"^(?P<lead>[ \t]*>[ \t>]*)\[!(?P<kind>[A-Za-z]+)\][ \t]*$", re.MULTILINE)
_JOIN = re.compile(
    rf"{_JOINT}(?:[ \t>]*\n)*[ \t>]*"
    rf"(?P<next>(?!{BLOCK}|[-*+][ \t]|\d+[.)][ \t]|#{{1,6}}[ \t]|:::|\|)[^\s>])"
)


def admonition(kind: str, title: str) -> str:
    """Return the opening of an admonition: "Note: Title", or "Note:" to stand before its text."""
    opening = f"{kind.capitalize()}: {title}" if title else f"{kind.capitalize()}:{_JOINT}"
    return f"\n\n{opening}\n\n"


def in_words(text: Traced) -> Traced:
    """Return text with its admonitions said in words.

    Args:
        text: With code masked; what `admonition` returned may stand in it.
    """
    edits: list[Edit] = []
    depth = 0
    for match in _DIRECTIVE.finditer(text.text):
        said = ""
        if match["kind"]:
            depth += 1
            said = admonition(match["kind"], _title(match["rest"]))
            said = match["lead"] + said.strip() if ">" in match["lead"] else said
        elif depth:
            depth -= 1
        else:
            continue
        edits.append((match.start(), match.end(), said))
    text = text.edited(edits)
    text = text.sub(_ALERT, lambda found: f"{found['lead']}{found['kind'].capitalize()}:{_JOINT}")
    return text.sub(_JOIN, lambda found: f" {found['next']}")


def _title(rest: str) -> str:
    rest = rest.strip()
    if rest.startswith("["):
        return rest[1:].rpartition("]")[0].strip()
    return rest
