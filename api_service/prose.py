"""Markdown to sentences that can be quoted: no headings, code, tables, images or HTML.

Links become their text and emphasis goes; inline code and formulas stay as they are written.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

COMMAND_LENGTH = 80
"""Longest command shown inside the sentence that introduces it, in characters."""

# A full stop ends a sentence unless a lower-case letter follows ("e.g. the") or it abbreviates.
_END = re.compile(r"""(?<=[.!?])(?P<close>["\u201d\u2019')\]]*)\s+(?=[^\sa-z])""")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|e\.g|i\.e|cf|vs|al|approx|Figs?|Eqs?|Dr|Prof|No|Ch|Sec)\.$"
)
_REFERENCE = re.compile(r"\s*\[\d{1,3}(?:\s*[,\u2013-]\s*\d{1,3})*\]")
_SPACES = re.compile(r"\s+")
_BRACKETED_CODE = re.compile(r"\[(`[^`]*`)\]")  # a link by name alone, as API pages write it


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a text.

    Attributes:
        text: Plain words, inline code in backticks.
        block: Its paragraph or list item, counted from 0 through the text.
        step: The item's number in an ordered list, else None.
    """

    text: str
    block: int
    step: int | None


def sentences(markdown: str) -> list[Sentence]:
    """Return the sentences of a text in reading order.

    A sentence that introduces a command of one line ("Install it with:") takes the command in;
    one that introduces anything longer is left out, since what it introduces is.
    """
    return [
        Sentence(text, number, step)
        for number, (block, step) in enumerate(_blocks(markdown))
        for text in _split(block)
        if not text.endswith(":")
    ]


@lru_cache(maxsize=2048)  # the passages of a book come up again and again
def excerpt(markdown: str, length: int) -> str:
    """Return the beginning of a text as plain words, at most length characters, cut at a word."""
    # To read all of a passage takes milliseconds; its beginning nearly always does.
    text = _words(markdown[: 2 * length].rpartition(" ")[0])
    if len(text) <= length:
        text = _words(markdown)
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _words(markdown: str) -> str:
    return " ".join(block for block, _ in _blocks(markdown))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, allow_digits=False)


def _blocks(markdown: str) -> Iterator[tuple[str, int | None]]:
    """Yield each paragraph and list item with its step number."""
    tokens = _parser().parse(markdown)
    steps: list[int | None] = []
    hidden = 0
    for place, token in enumerate(tokens):
        match token.type:
            case "ordered_list_open" | "bullet_list_open":
                steps.append(None)
            case "ordered_list_close" | "bullet_list_close":
                steps.pop()
            case "list_item_open":
                steps[-1] = int(token.info) if token.info.isdigit() else None
            case "heading_open" | "table_open":
                hidden += 1
            case "heading_close" | "table_close":
                hidden -= 1
            case "inline" if not hidden and (text := _plain(token)):
                yield _with_command(text, tokens[place + 2 :]), steps[-1] if steps else None
            case _:
                pass


def _plain(inline: Token) -> str:
    parts = []
    for child in inline.children or ():
        match child.type:
            case "text":
                parts.append(_REFERENCE.sub("", _untick(child.content)))
            case "code_inline":
                parts.append(f"`{_untick(child.content)}`")
            case "math_inline":
                parts.append(f"${child.content}$")
            case "softbreak" | "hardbreak":
                parts.append(" ")
            case _:
                pass
    text = _SPACES.sub(" ", _BRACKETED_CODE.sub(r"\1", "".join(parts))).strip()
    return text if re.search(r"\w{2}", text) else ""


def _untick(text: str) -> str:
    # A backtick of the book's would be taken for the beginning or the end of our code.
    return text.replace("`", "'")


def _with_command(text: str, following: Sequence[Token]) -> str:
    if not text.endswith(":") or not following or following[0].type != "fence":
        return text
    command = following[0].content.strip()
    if not command or "\n" in command or "`" in command or len(command) > COMMAND_LENGTH:
        return text
    return f"{text[:-1]} `{command}`."


def _split(block: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(block):
        if _ABBREVIATION.search(block, start, end.start()) or _inside_code(block, end.start()):
            continue
        yield block[start : end.end("close")]
        start = end.end()
    if block[start:].strip():
        yield block[start:].strip()


def _inside_code(block: str, place: int) -> bool:
    return block.count("`", 0, place) % 2 == 1
