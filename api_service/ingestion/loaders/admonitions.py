"""Admonitions in words: `:::note[Title]`, `!!! note "Title"`, `> [!TIP]` become "Note: ...".

Source: Docusaurus, Python-Markdown (with `???` of PyMdown's details) and GitHub, in this order.
"""

import re

from api_service.ingestion.loaders.masking import BLOCK
from api_service.ingestion.loaders.tracing import Edit, Traced

_JOINT = "\ufdd3"  # stands after "Note:" until the text that follows is joined to it

_DIRECTIVE = re.compile(
    r"^(?P<lead>[ \t>]*):{3,}(?:[ \t]*(?P<kind>[a-zA-Z][\w-]*)(?P<rest>[^\n]*)|[ \t]*)$",
    re.MULTILINE,
)
_MARKED = re.compile(
    r"(?P<lead>[ \t]*)(?:!!!|\?\?\?\+?)[ \t]+(?P<kind>[A-Za-z][\w-]*)[ \t\w-]*"
    r"(?:\"(?P<title>[^\"\n]*)\")?[ \t]*"
)
_INDENT = re.compile(r"[ ]{4}|\t")
_DEEPEST = 5
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
    text = _indented(text)
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


def _indented(text: Traced) -> Traced:
    """Say the admonitions whose text stands indented below them, the outer ones first."""
    for _ in range(_DEEPEST):
        if "!!!" not in text.text and "???" not in text.text:
            break
        text = text.edited(_outermost(text.text))
    return text


def _outermost(text: str) -> list[Edit]:
    edits: list[Edit] = []
    position = 0
    lead: str | None = None
    for line in text.split("\n"):
        end = position + len(line)
        indent = _INDENT.match(line, len(lead)) if lead is not None else None
        if lead is not None and indent and line.startswith(lead):
            edits.append((position + indent.start(), position + indent.end(), ""))
        elif lead is None or line.strip():
            match = _MARKED.fullmatch(line)
            lead = match["lead"] if match else None
            if match:
                said = admonition(match["kind"], match["title"] or "").strip()
                edits.append((position, end, f"{lead}{said}\n"))
        position = end + 1
    return edits


def _title(rest: str) -> str:
    rest = rest.strip()
    if rest.startswith("["):
        return rest[1:].rpartition("]")[0].strip()
    return rest
