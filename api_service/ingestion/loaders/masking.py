"""Takes code and mathematics out of a page's text while the rest of it is rewritten."""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt

from api_service.ingestion.loaders.anchors import slug
from api_service.ingestion.loaders.files import Unreadable
from api_service.ingestion.loaders.tracing import LineIndex, Lines, Traced

# Unicode noncharacters: no text holds them for a purpose, and `mask` removes strays.
BLOCK, INLINE, END = "\ufdd0", "\ufdd1", "\ufdd2"
NONCHARACTERS = re.compile("[\ufdd0-\ufdef]")
EDGE = (
    "\ufdee"  # where a tag stood in a heading: Docusaurus keeps the space beside it in the anchor
)
# Around what a heading's anchor counts though no reader sees it: the source of an expression.
COUNTED, COUNTED_END = "\ufdec", "\ufded"
HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]|[^\n]+\n[ \t>]*(?:=+|-+)[ \t]*$", re.MULTILINE)
_UNSEEN = re.compile(f"{EDGE}|{COUNTED}[^{COUNTED_END}]*{COUNTED_END}")

_MOST_TAKEN = 25 * 1024**2  # characters; a file may have a fifth of that

_MASK = re.compile(rf"(?P<kind>[{BLOCK}{INLINE}])(?P<number>\d+){END}")
_MARKS = re.compile("`{3,}|~{3,}")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_INLINE_MARK = re.compile(r"\\.|`+|\$\$?", re.DOTALL)
_MATH_FENCE = re.compile(r"^[ \t>]*\$\$[ \t]*$")


@cache
def block_parser() -> MarkdownIt:
    """Return the parser for blocks as MDX has them: GFM tables, no indented code, no HTML.

    It is one for all, since building it takes longer than reading a section.
    """
    return (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .disable(["code", "html_block", "html_inline", "inline"])
    )


def seen(text: str) -> str:
    """Return text without what only anchors need."""
    return _UNSEEN.sub("", text)


def dropping(text: str) -> Callable[[int, int], str]:
    """Return what says, of an expression or a comment, what stands in its place.

    That is nothing, except in a heading: its anchor counts an expression's source, and the spaces
    around a comment.
    """
    ends = [match.start() for match in re.finditer("\n", text)]

    @cache
    def is_heading(line: int) -> bool:
        return HEADING.match(text, ends[line - 1] + 1 if line else 0) is not None

    def dropped(start: int, end: int) -> str:
        if not is_heading(bisect_left(ends, start)):
            return ""
        if text[start] == "<":
            return EDGE
        return f"{COUNTED}{slug(text[start + 1 : end - 1], keep_case=True)}{COUNTED_END}"

    return dropped


@dataclass(frozen=True, slots=True)
class Masks:
    """What has been taken out of one text, or is to be put into it.

    Raises:
        Unreadable: It is more than any page needs.
    """

    _taken: list[Traced] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=lambda: [0])

    def block(self, taken: Traced) -> str:
        """Take whole lines out; their own indentation stays in front of what stands for them."""
        first = taken.text.split("\n", 1)[0]
        indent = first[: len(first) - len(first.lstrip(" \t"))]
        lines = (line.removeprefix(indent) for line in taken.text.split("\n"))
        return indent + self._take(BLOCK, taken.with_text("\n".join(lines)))

    def inline(self, taken: Traced) -> str:
        """Take a piece of a line out."""
        return self._take(INLINE, taken)

    def undo(self, text: Traced) -> Traced:
        """Put everything back, blocks with the indentation that their place has now."""
        while _MASK.search(text.text):
            text = text.sub(_MASK, self._original)
        return text

    def _take(self, kind: str, taken: Traced) -> str:
        # A partial of a megabyte, named in ten thousand places, is ten gigabytes.
        self._sizes[0] += len(taken.text)
        if self._sizes[0] > _MOST_TAKEN:
            raise Unreadable(f"What it includes is longer than {_MOST_TAKEN // 1024**2} MB.")
        self._taken.append(taken)
        return f"{kind}{len(self._taken) - 1}{END}"

    def _original(self, match: re.Match[str]) -> Traced:
        taken = self._taken[int(match["number"])]
        if match["kind"] == INLINE:
            return taken
        before = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
        indent = before if not before.strip() else ""
        first, *rest = taken.text.split("\n")
        lines = (first, *(indent + line if line else line for line in rest))
        return taken.with_text("\n".join(lines))


def mask(source: Traced, masks: Masks, *, flaw: Callable[[int, str], None]) -> Traced:
    """Return text with fenced code, code spans and mathematics replaced by marks.

    Args:
        source: A page's text.
        masks: Takes what is replaced.
        flaw: Called with the line and a sentence for a fence without an end.
    """
    text = source.with_text(_unwrap(NONCHARACTERS.sub("\ufffd", source.text)))
    fences = _fences(text.text)
    lines = text.text.split("\n")
    for start, end in fences:
        if not _is_closed(lines[start:end]):
            flaw(text.lines[start][0], "A code block is opened here and not closed.")
    text = _mask_lines(text, masks, fences)
    text = _mask_lines(text, masks, _math_blocks(text.text))
    index = LineIndex(text)
    spans: list[tuple[int, int]] = []
    start = 0
    for gap in _BLANK_LINE.finditer(text.text):
        spans += _spans(text.text[start : gap.start()], start)
        start = gap.end()
    spans += _spans(text.text[start:], start)
    return text.edited((first, end, masks.inline(index.slice(first, end))) for first, end in spans)


def _unwrap(text: str) -> str:
    """Open Docusaurus' `mdx-code-block` fences: what they hold is the page's own MDX."""
    while "mdx-code-block" in text:
        lines = text.split("\n")
        ranges = _fences(text)
        fences = [lines[start].strip(" \t`") for start, _ in ranges]
        if "mdx-code-block" not in fences:
            break
        start, end = ranges[fences.index("mdx-code-block")]
        lines[start] = lines[end - 1] = ""
        text = "\n".join(lines)
    return text


def _fences(text: str) -> list[tuple[int, int]]:
    tokens = block_parser().parse(text)
    return [(token.map[0], token.map[1]) for token in tokens if token.type == "fence" and token.map]


def _is_closed(fence: list[str]) -> bool:
    opening = _MARKS.search(fence[0])
    last = fence[-1].strip(" \t>")
    return bool(
        len(fence) > 1 and opening and last.startswith(opening[0]) and not last.strip(last[0])
    )


def _math_blocks(text: str) -> list[tuple[int, int]]:
    marks = [n for n, line in enumerate(text.split("\n")) if _MATH_FENCE.match(line)]
    return [(start, end + 1) for start, end in zip(marks[::2], marks[1::2], strict=False)]


def _mask_lines(text: Traced, masks: Masks, ranges: list[tuple[int, int]]) -> Traced:
    lines = text.text.split("\n")
    masked: list[str] = []
    origins: list[Lines] = []
    done = 0
    for start, end in ranges:
        taken = Traced("\n".join(lines[start:end]), text.lines[start:end])
        masked += (*lines[done:start], masks.block(taken))
        origins += (*text.lines[done:start], (taken.lines[0][0], taken.lines[-1][1]))
        done = end
    return Traced("\n".join(masked + lines[done:]), (*origins, *text.lines[done:]))


def _spans(paragraph: str, offset: int) -> list[tuple[int, int]]:
    """Find the code spans and the mathematics of one paragraph (CommonMark section 6.1)."""
    marks = [m for m in _INLINE_MARK.finditer(paragraph) if m[0][0] != "\\"]
    partners: dict[str, list[int]] = {}
    for number in range(len(marks) - 1, -1, -1):
        partners.setdefault(marks[number][0], []).append(number)
    found: list[tuple[int, int]] = []
    number = 0
    while number < len(marks):
        opening = marks[number]
        later = partners[opening[0]]
        while later and later[-1] <= number:
            later.pop()
        closing = marks[later[-1]] if later else None
        if closing is None or not _pairs(paragraph, opening, closing):
            number += 1
            continue
        found.append((offset + opening.start(), offset + closing.end()))
        number = later[-1] + 1
    return found


def _pairs(paragraph: str, opening: re.Match[str], closing: re.Match[str]) -> bool:
    """Tell mathematics from amounts of money, as Pandoc does; backticks always pair."""
    if opening[0] != "$":
        return True
    inside = paragraph[opening.end() : closing.start()]
    if not inside or inside[0].isspace() or inside[-1].isspace():
        return False
    return not paragraph[closing.end() : closing.end() + 1].isdigit()
