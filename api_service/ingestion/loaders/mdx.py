"""From MDX to Markdown: what only a site renders goes, its words stay.

Imports, exports, expressions and comments are dropped, components are unwrapped to their text,
admonitions and tabs are said in words. Code and mathematics are never touched. What cannot be
read as MDX is left as it stands.
"""

import re
from bisect import bisect
from collections.abc import Callable

from api_service.ingestion.loaders.admonitions import in_words
from api_service.ingestion.loaders.components import (
    CELL,
    ROW,
    TABLE,
    TABLE_END,
    is_silent,
    words,
)
from api_service.ingestion.loaders.masking import BLOCK, EDGE, NONCHARACTERS, Masks, mask
from api_service.ingestion.loaders.tags import Element, Tag, elements, tags

_HEADING_ID = re.compile(
    r"\\?\{(?:#(?P<id>[^{}\n]+)|/\*[ \t]*#(?P<comment>[^\s*]+)[ \t]*\*/)\}[ \t]*#*[ \t]*$",
    re.MULTILINE,
)
_HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]|[^\n]+\n[ \t>]*(?:=+|-+)[ \t]*$", re.MULTILINE)
_IMPORT = re.compile(r"""import\s*(?:[\w*{][^;'"]*?\bfrom\s*)?(?P<quote>['"])[^'"\n]+(?P=quote)""")
_EXPORT = re.compile(r"export\s+(?:default|const|let|var|function|async|class)\b|export\s*[{*]")
_PARTIAL = re.compile(r"""import\s+(\w+)\s+from\s*['"]([^'"\n]+\.mdx?)['"]""")
_LITERAL = re.compile(r"""\{\s*(?:"([^"\\\n{}]*)"|'([^'\\\n{}]*)')\s*\}""")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_DOC_BUILDER = re.compile(r"^\[\[(?:autodoc|open-in-colab)\]\][ \t]*", re.MULTILINE)
_IMAGE = re.compile(r"!\[(?P<alt>[^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_LINK = re.compile(r"(?<=\]\()[^()\s<>\ufdd0-\ufdef]+(?=[)\s])")
_DEFINITION = re.compile(
    r"^(?P<label>[ ]{0,3}\[[^\^\]\n][^\]\n]*\]:[ \t]+)(?P<target>[^\s<>]+)", re.MULTILINE
)
_EMPTY_LINK = re.compile(r"(?<!!)\[\s*\]\([^()\n]*\)")
_MARKS = re.compile(f"(?!{EDGE}){NONCHARACTERS.pattern}")
_TABLE = re.compile(rf"{TABLE}([^{TABLE}{TABLE_END}]*){TABLE_END}")

Edit = tuple[int, int, str]


def to_markdown(
    source: str, *, partial: Callable[[str], str | None], link: Callable[[str], str]
) -> str:
    """Return a page's Markdown.

    Args:
        source: MDX without its front matter.
        partial: Takes what an import names, such as "./_units.mdx", and returns its Markdown, which
            stands in place of the component; None for what is no partial.
        link: Takes where a link leads, as written, and returns its address.
    """
    masks = Masks()
    text = mask(source, masks)
    text = _HEADING_ID.sub(lambda match: _keep_heading_id(match, masks), text)
    text, imported = _without_modules(_without_comments(text))
    partials = {name: partial(path) for name, path in imported.items()}
    text = _LITERAL.sub(lambda match: match[1] or match[2] or "", text)
    text = _TABLE.sub(_pipe_table, _without_jsx(text, partials, masks))
    text = _IMAGE.sub(lambda match: match["alt"], _DOC_BUILDER.sub("", text))
    text = _LINK.sub(lambda match: link(match[0]), text)
    text = _DEFINITION.sub(lambda match: match["label"] + link(match["target"]), text)
    text = _BLANK_LINES.sub("\n\n", in_words(_EMPTY_LINK.sub("", text)))
    return _MARKS.sub("", masks.undo(text)).rstrip().lstrip("\n")


def _keep_heading_id(match: re.Match[str], masks: Masks) -> str:
    """Keep {#id}, and make {/* #id */} the same where a heading ends with it."""
    if match["comment"]:
        line = match.string.rfind("\n", 0, match.start()) + 1
        if not _HEADING.match(match.string, line):
            return match[0]
    return masks.inline(f"{{#{match['id'] or match['comment']}}}")


def _without_comments(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start)) >= 0:
        pieces.append(text[position:start])
        position = end + len("-->")
    return "".join((*pieces, text[position:]))


def _without_modules(text: str) -> tuple[str, dict[str, str]]:
    """Drop imports and exports; return what is left and the imported pages by their names."""
    lines = text.split("\n")
    kept: list[str] = []
    imported: dict[str, str] = {}
    number, may_begin = 0, True
    while number < len(lines):
        line = lines[number]
        length = _module_length(lines, number) if may_begin else 0
        if length:
            imported |= dict(_PARTIAL.findall("\n".join(lines[number : number + length])))
        else:
            kept.append(line)
            may_begin = not line.strip()
        number += length or 1
    return "\n".join(kept), imported


def _module_length(lines: list[str], start: int) -> int:
    """Return how many lines an import or export takes, 0 if none starts here."""
    if lines[start].startswith("import"):
        match = _IMPORT.match("\n".join(lines[start : start + 50]))
        return match[0].count("\n") + 1 if match else 0
    if not _EXPORT.match(lines[start]):
        return 0
    depth, first_gap = 0, 0
    for length, line in enumerate(lines[start : start + 1000]):
        if not line.strip():
            first_gap = first_gap or length
            if depth <= 0:
                return length
        depth += sum(line.count(c) for c in "([{") - sum(line.count(c) for c in ")]}")
    return first_gap or len(lines) - start


def _without_jsx(text: str, partials: dict[str, str | None], masks: Masks) -> str:
    braces = _braces(text)
    found, edits = _without_expressions(text, braces)
    pairs = elements(found)
    for element in pairs:
        edits += _edits(element, text, partials, masks)
    edits += _dedents(pairs, text)
    pieces: list[str] = []
    position = 0
    for start, end, replacement in sorted(edits):
        if start >= position:
            pieces += (text[position:start], replacement)
            position = end
    return "".join((*pieces, text[position:]))


def _braces(text: str) -> dict[int, int]:
    """Return where each "{" is closed, in linear time."""
    closed: dict[int, int] = {}
    is_open: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            is_open.append(match.start())
        elif match[0] == "}" and is_open:
            closed[is_open.pop()] = match.start()
    return closed


def _without_expressions(text: str, braces: dict[int, int]) -> tuple[list[Tag], list[Edit]]:
    """Return the tags outside expressions, and the edits that drop the expressions.

    A lone brace far above another one is no expression: only a comment may span a blank line.
    """
    gaps = [match.start() for match in _BLANK_LINE.finditer(text)]
    spans: list[tuple[int, int, Tag | None]] = [(a, b + 1, None) for a, b in braces.items()]
    spans += [(tag.start, tag.end, tag) for tag in tags(text, braces)]
    outside: list[Tag] = []
    edits: list[Edit] = []
    position = 0
    for start, end, tag in sorted(spans, key=lambda span: span[0]):
        if start < position:
            continue
        if tag:
            outside.append(tag)
        elif text.startswith("/*", start + 1) or bisect(gaps, start) == bisect(gaps, end):
            edits.append((start, end, ""))
        else:
            continue
        position = end
    return outside, edits


def _edits(
    element: Element, text: str, partials: dict[str, str | None], masks: Masks
) -> list[Edit]:
    opening, closing = element.opening, element.closing
    end = closing.end if closing else opening.end
    inlined = partials.get(opening.name)
    if inlined is not None:
        return [(opening.start, end, f"\n\n{masks.block(inlined)}\n\n")]
    if is_silent(opening.name):
        return [(opening.start, end, "")]
    return [
        (tag.start, tag.end, _fitting(words(tag), text, tag.start))
        for tag in (opening, closing)
        if tag
    ]


def _fitting(said: str, text: str, position: int) -> str:
    """Keep a line that must stay one line, as a table's row or a quote, in one piece."""
    line = text[text.rfind("\n", 0, position) + 1 : position].lstrip()
    if line.startswith("#"):
        return " ".join(said.split()) or EDGE
    if said.strip("\n") != said and line.startswith(("|", ">")):
        return f" {' '.join(said.split())} "
    return said


def _dedents(pairs: list[Element], text: str) -> list[Edit]:
    """Move what stands indented inside a component to the component's own indentation."""
    edits: dict[int, int] = {}
    for element in sorted(pairs, key=lambda pair: pair.opening.start):
        opening, closing = element.opening, element.closing
        first = text.find("\n", opening.end) + 1
        if closing is None or not 0 < first <= closing.start or text[opening.end : first].strip():
            continue
        before = text.rfind("\n", 0, opening.start) + 1
        own = opening.start - before - edits.get(before, 0)
        body = text[first : text.rfind("\n", 0, closing.start) + 1]
        starts: list[tuple[int, int]] = []
        position = first
        for line in body.splitlines(keepends=True):
            if line.strip():
                starts.append((position, len(line) - len(line.lstrip(" \t"))))
            position += len(line)
        spare = min((indent - edits.get(at, 0) for at, indent in starts), default=0) - max(own, 0)
        for at, _ in starts if spare > 0 else ():
            edits[at] = edits.get(at, 0) + spare
    return [(at, at + width, "") for at, width in edits.items()]


def _pipe_table(match: re.Match[str]) -> str:
    """Write an HTML table as Markdown; one that holds code blocks is written cell by cell."""
    before, *rows = match[1].split(ROW)
    cells = [[cell.strip() for cell in row.split(CELL)[1:]] for row in rows]
    cells = [row for row in cells if any(row)]
    if BLOCK in match[1] or not cells:
        return "\n\n".join(("", before, *(cell for row in cells for cell in row), ""))
    lines = [
        f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in row)} |"
        for row in cells
    ]
    lines.insert(1, "|" + " --- |" * len(cells[0]))
    return "\n\n".join((before, "\n".join(lines), ""))
