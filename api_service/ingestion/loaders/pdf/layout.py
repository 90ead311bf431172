"""Lines on a page as Markdown: paragraphs, lists, code by its font, tables by their columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from api_service.ingestion.loaders.pdf.pages import Line

_LEADING = 1.4  # lines of a paragraph are at most so many times their height apart
_GROWN = 1.15  # another size begins another paragraph
_INDENT = 0.8  # of a line's height: what the first line of a paragraph is moved by
_BULLET = re.compile(r"[•◦▪▫‣\u2043●○■□\u2013]\s*(?=\S)")
_ITEM = re.compile(r"- |\d{1,3}[.)] ")
_HARMFUL = re.compile(r"#{1,6}\s|`{3,}|~{3,}|>")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”\u2019)\]]*$")
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"}
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_HYPHENATED = re.compile(r"[-\u00ad\u2010]$")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_CONTENTS = re.compile(r"(?:[ \t]*\.){5,}[ \t]*(?:\d+|[ivxlc]+)\s*$")  # "Arms . . . . . . 12"
_FENCES = re.compile("`{3,}")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a `whole` block: a table or code."""

    text: str
    is_whole: bool = False


def clean(text: str) -> str:
    """Return text with ligatures as letters and without characters that show nothing."""
    return _CONTROLS.sub("", text.translate(_LIGATURES))


def words(lines: Iterator[Line]) -> frozenset[str]:
    """Return the words of a file, which tell hyphens at line ends from those of compounds."""
    found: set[str] = set()
    for line in lines:
        found.update(re.findall(r"[\w-]+", clean(line.text).casefold()))
    return frozenset(found)


def blocks(lines: list[Line], known: frozenset[str]) -> list[Block]:
    """Return the blocks of some lines that follow each other.

    Args:
        lines: In reading order, none of them a heading.
        known: The words of the file.
    """
    made: list[Block] = []
    shown = [line for line in lines if not _CONTENTS.search(line.text)]
    for kind, group in groupby(shown, key=_kind):
        inside = list(group)
        if kind == "code":
            made.append(_code(inside))
        elif kind == "row" and len(inside) > 1:
            made += _tables(inside)
        else:
            made += _paragraphs(inside, known)
    return [block for block in made if block.text]


def joined(first: str, second: str, known: frozenset[str]) -> str:
    """Return a text that goes on in the next line, a word parted by a hyphen mended."""
    if not _HYPHENATED.search(first):
        return f"{first} {second}"
    bare = first[:-1]
    before, after = _LAST_WORD.search(bare), _FIRST_WORD.match(second)
    if before is None or after is None or not after[0][0].islower():
        hyphen = "-" if first[-1] == "\u00ad" else first[-1]
        return f"{bare}{hyphen}{second}"
    compound, word = f"{before[0]}-{after[0]}".casefold(), (before[0] + after[0]).casefold()
    return f"{bare}-{second}" if compound in known and word not in known else f"{bare}{second}"


def goes_on(before: Block, after: Block) -> bool:
    """Tell whether the next page's first block is the rest of a page's last paragraph."""
    if before.is_whole or after.is_whole or _ITEM.match(after.text):
        return False
    return after.text[0].islower() and _SENTENCE_END.search(before.text) is None


def _kind(line: Line) -> str:
    if line.is_fixed:
        return "code"
    return "row" if "\t" in line.text.strip() and not _BULLET.match(line.text) else "text"


def _code(lines: list[Line]) -> Block:
    """Return a fence; what stands further right is indented, a gap is an empty line."""
    left = min(line.left for line in lines)
    rows: list[str] = []
    above: Line | None = None
    for line in lines:
        if above and above.bottom - line.bottom > _LEADING * line.size * 1.2:
            rows.append("")
        indent = min(round((line.left - left) / max(line.width, 1)), 80)
        rows.append(" " * indent + clean(line.text).replace("\u00ad", "-"))
        above = line
    longest = max((len(run) for row in rows for run in _FENCES.findall(row)), default=2)
    marks = "`" * (longest + 1)
    return Block("\n".join((marks, *rows, marks)), is_whole=True)


def _tables(lines: list[Line]) -> Iterator[Block]:
    """Yield lines of as many columns each as a table, the first one as its head."""
    for columns, group in groupby(lines, key=lambda line: line.text.count("\t")):
        cells = [clean(line.text).replace("|", "\\|").split("\t") for line in group]
        rows = [f"| {' | '.join(' '.join(cell.split()) for cell in row)} |" for row in cells]
        if len(rows) == 1:
            yield Block(" ".join(" ".join(row) for row in cells))
            continue
        yield Block("\n".join((rows[0], "|" + " --- |" * (columns + 1), *rows[1:])), is_whole=True)


def _paragraphs(lines: list[Line], known: frozenset[str]) -> Iterator[Block]:
    text = ""
    above: Line | None = None
    for line in lines:
        said = " ".join(clean(line.text).split())
        said = _BULLET.sub("- ", said, count=1) if _BULLET.match(said) else said
        if not said:
            continue
        if above is None or _begins(above, line, said):
            yield Block(text)
            text = f"\\{said}" if _HARMFUL.match(said) else said
        else:
            text = joined(text, said, known)
        above = line
    yield Block(text.replace("\u00ad", "-"))


def _begins(above: Line, line: Line, said: str) -> bool:
    """Tell whether a line begins a paragraph."""
    if _ITEM.match(said):
        return True
    if max(above.size, line.size) > _GROWN * min(above.size, line.size):
        return True
    if above.bottom < line.bottom:  # another column
        return not said[0].islower()
    is_far = above.bottom - line.bottom > _LEADING * line.size
    is_indented = line.left - above.left > _INDENT * line.size and said[0].isupper()
    return is_far or is_indented or above.is_bold != line.is_bold
