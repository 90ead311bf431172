"""The headings of a page's Markdown, with the anchors a reader's link needs."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from api_service.ingestion.loaders.anchors import Slugger, custom_id
from api_service.ingestion.loaders.masking import COUNTED, COUNTED_END, EDGE, block_parser, seen

# In "ros2:humble" Docusaurus reads ":humble" as a text directive: shown, but not in the anchor.
_UNCOUNTED = re.compile(f"[{EDGE}{COUNTED}{COUNTED_END}]")
_FOOTNOTE = re.compile(r"^[ ]{0,3}\[\^(?P<label>[^\[\]\s]+)\]:", re.MULTILINE)
_FOOTNOTE_MARK = re.compile(r"\[\^(?P<label>[^\[\]\s]+)\]")
_TEXT_DIRECTIVE = re.compile(r"(?<!:):[a-z](?:[\w-]*[a-z\d])?(?![\w:-])", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and where it stands.

    Attributes:
        start: Its first line, from 0.
        end: The line after its last.
        level: 1 to 6.
        text: Without markup.
        anchor: The author's own id, or the one made from the text.
        is_pinned: The anchor is the author's own.
        is_nested: It stands in a list or a quote, so it begins no section.
    """

    start: int
    end: int
    level: int
    text: str
    anchor: str
    is_pinned: bool
    is_nested: bool


def headings(markdown: str, *, keep_case: bool = False) -> list[Heading]:
    """Return every heading of a page in order; each takes part in the numbering of anchors."""
    slugger = Slugger(keep_case)
    links: dict[str, object] = {}  # gets the page's link definitions
    tokens = block_parser().parse(markdown, links)
    noted = _FOOTNOTE.finditer(markdown) if "[^" in markdown else ()
    notes = {match["label"].casefold() for match in noted}
    found: list[Heading] = []
    for token, content in pairwise(tokens):
        if token.type != "heading_open" or token.map is None:
            continue
        source, own = custom_id(content.content)
        source = _FOOTNOTE_MARK.sub(
            lambda match: "" if match["label"].casefold() in notes else match[0], source
        )
        pieces = _inline_parser().parseInline(source, links)
        counted = _UNCOUNTED.sub("", _text(pieces, hidden=_TEXT_DIRECTIVE))
        found.append(
            Heading(
                start=token.map[0],
                end=token.map[1],
                level=int(token.tag[1:]),
                text=" ".join(seen(_text(pieces)).split()),
                # Docusaurus counts the anchors it makes, not those that authors chose.
                anchor=own or slugger.anchor(counted),
                is_pinned=own is not None,
                is_nested=token.level > 0,
            )
        )
    return found


@cache
def _inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("strikethrough").disable("html_inline")


def pin(markdown: str, *, keep_case: bool = False) -> str:
    """Write every anchor into its heading, as "## Set up {#set-up}".

    A page that another one includes has anchors of its own, which the other's must not change.
    """
    lines = markdown.split("\n")
    for heading in headings(markdown, keep_case=keep_case):
        if not heading.is_pinned:
            is_underlined = heading.end - heading.start > 1
            last = heading.end - 2 if is_underlined else heading.start
            lines[last] = f"{lines[last].rstrip()} {{#{heading.anchor}}}"
    return "\n".join(lines)


def _text(tokens: list[Token], *, hidden: re.Pattern[str] | None = None) -> str:
    pieces: list[str] = []
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            pieces.append("\n")
        elif token.children:
            pieces.append(_text(token.children, hidden=hidden))
        elif hidden and token.type == "text":
            pieces.append(hidden.sub("", token.content))
        else:
            pieces.append(token.content)
    return "".join(pieces)
