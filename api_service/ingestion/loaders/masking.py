"""Takes code and mathematics out of a page's text while the rest of it is rewritten."""

import re
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt

# Unicode noncharacters: no text holds them for a purpose, and `mask` removes strays.
BLOCK, INLINE, END = "\ufdd0", "\ufdd1", "\ufdd2"
NONCHARACTERS = re.compile("[\ufdd0-\ufdef]")
EDGE = (
    "\ufdee"  # where a tag stood in a heading: Docusaurus keeps the space beside it in the anchor
)

_MASK = re.compile(rf"(?P<kind>[{BLOCK}{INLINE}])(?P<number>\d+){END}")
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


@dataclass(frozen=True, slots=True)
class Masks:
    """What has been taken out of one text."""

    _taken: list[str] = field(default_factory=list)

    def block(self, text: str) -> str:
        """Take whole lines out; their own indentation stays in front of what stands for them."""
        first = text.split("\n", 1)[0]
        indent = first[: len(first) - len(first.lstrip(" \t"))]
        lines = (line.removeprefix(indent) for line in text.split("\n"))
        return indent + self._take(BLOCK, "\n".join(lines))

    def inline(self, text: str) -> str:
        """Take a piece of a line out."""
        return self._take(INLINE, text)

    def undo(self, text: str) -> str:
        """Put everything back, blocks with the indentation that their place has now."""
        while _MASK.search(text):
            text = _MASK.sub(self._original, text)
        return text

    def _take(self, kind: str, text: str) -> str:
        self._taken.append(text)
        return f"{kind}{len(self._taken) - 1}{END}"

    def _original(self, match: re.Match[str]) -> str:
        text = self._taken[int(match["number"])]
        if match["kind"] == INLINE:
            return text
        before = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
        indent = before if not before.strip() else ""
        first, *rest = text.split("\n")
        return "\n".join((first, *(indent + line if line else line for line in rest)))


def mask(text: str, masks: Masks) -> str:
    """Return text with fenced code, code spans and mathematics replaced by marks."""
    text = _unwrap(NONCHARACTERS.sub("\ufffd", text))
    text = _mask_lines(text, masks, _fences(text))
    text = _mask_lines(text, masks, _math_blocks(text))
    pieces: list[str] = []
    start = 0
    for gap in _BLANK_LINE.finditer(text):
        pieces += (_mask_spans(text[start : gap.start()], masks), gap[0])
        start = gap.end()
    pieces.append(_mask_spans(text[start:], masks))
    return "".join(pieces)


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


def _math_blocks(text: str) -> list[tuple[int, int]]:
    marks = [n for n, line in enumerate(text.split("\n")) if _MATH_FENCE.match(line)]
    return [(start, end + 1) for start, end in zip(marks[::2], marks[1::2], strict=False)]


def _mask_lines(text: str, masks: Masks, ranges: list[tuple[int, int]]) -> str:
    lines = text.split("\n")
    masked: list[str] = []
    done = 0
    for start, end in ranges:
        masked += lines[done:start]
        masked.append(masks.block("\n".join(lines[start:end])))
        done = end
    return "\n".join(masked + lines[done:])


def _mask_spans(paragraph: str, masks: Masks) -> str:
    """Mask the code spans and the mathematics of one paragraph (CommonMark section 6.1)."""
    marks = [m for m in _INLINE_MARK.finditer(paragraph) if m[0][0] != "\\"]
    partners: dict[str, list[int]] = {}
    for number in range(len(marks) - 1, -1, -1):
        partners.setdefault(marks[number][0], []).append(number)
    pieces: list[str] = []
    done = number = 0
    while number < len(marks):
        opening = marks[number]
        later = partners[opening[0]]
        while later and later[-1] <= number:
            later.pop()
        closing = marks[later[-1]] if later else None
        if closing is None or not _pairs(paragraph, opening, closing):
            number += 1
            continue
        pieces.append(paragraph[done : opening.start()])
        pieces.append(masks.inline(paragraph[opening.start() : closing.end()]))
        done, number = closing.end(), later[-1] + 1
    return "".join((*pieces, paragraph[done:]))


def _pairs(paragraph: str, opening: re.Match[str], closing: re.Match[str]) -> bool:
    """Tell mathematics from amounts of money, as Pandoc does; backticks always pair."""
    if opening[0] != "$":
        return True
    inside = paragraph[opening.end() : closing.start()]
    if not inside or inside[0].isspace() or inside[-1].isspace():
        return False
    return not paragraph[closing.end() : closing.end() + 1].isdigit()
