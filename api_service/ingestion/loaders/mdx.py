"""From MDX to Markdown: what only a site renders goes, its words stay.

Imports, exports, expressions and comments are dropped, components are unwrapped to their text,
admonitions and tabs are said in words. Code and mathematics are never touched. What cannot be
read as MDX is left as it stands.
"""

import re
from bisect import bisect
from collections.abc import Callable

from api_service.ingestion.loaders.admonitions import in_words
from api_service.ingestion.loaders.components import is_hidden, is_silent, words
from api_service.ingestion.loaders.files import Unreadable
from api_service.ingestion.loaders.includes import with_includes
from api_service.ingestion.loaders.masking import (
    COUNTED,
    COUNTED_END,
    EDGE,
    HEADING,
    NONCHARACTERS,
    Masks,
    dropping,
    mask,
)
from api_service.ingestion.loaders.pipe_tables import with_pipe_tables
from api_service.ingestion.loaders.tags import Element, Tag, elements, tags
from api_service.ingestion.loaders.tracing import Edit, LineIndex, Traced

_HEADING_ID = re.compile(
    r"\\?\{(?:#(?P<id>[^{}\n]+)|/\*[ \t]*#(?P<comment>[^\s*]+)[ \t]*\*/)\}[ \t]*#*[ \t]*$",
    re.MULTILINE,
)
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
_MARKS = re.compile(f"(?![{EDGE}{COUNTED}{COUNTED_END}]){NONCHARACTERS.pattern}")
_HTML_HEADING = re.compile(r"h[1-6]")

_Edit = tuple[int, int, str]


def to_markdown(
    source: Traced,
    *,
    partial: Callable[[str], str | None],
    link: Callable[[str], str],
    flaw: Callable[[int, str], None],
    is_mdx: bool = True,
) -> Traced:
    """Return a page's Markdown.

    Args:
        source: MDX without its front matter.
        partial: Takes what an import names, such as "./_units.mdx", and returns its Markdown, which
            stands in place of the component; None for what is no partial. Raises Unreadable.
        link: Takes where a link leads, as written, and returns its address.
        flaw: Called with a line and a sentence for what cannot be understood or included.
        is_mdx: Whether a page has modules and expressions, rather than words and braces.
    """

    def included(target: str, line: int) -> str | None:
        try:
            return partial(target)
        except Unreadable as error:
            flaw(line, f"{target} is not included. {error.reason}")
            return None

    masks = Masks()
    text = with_includes(mask(source, masks, flaw=flaw), included, masks)
    text = text.sub(_HEADING_ID, lambda match: _keep_heading_id(match, masks))
    text = _without_comments(text, flaw)
    imported: dict[str, tuple[str, int]] = {}
    if is_mdx:
        text, imported = _without_modules(text)
        text = text.sub(_LITERAL, lambda match: match[1] or match[2] or "")
    partials = {name: included(path, line) for name, (path, line) in imported.items()}
    braces = _braces(text.text) if is_mdx else {}
    text = with_pipe_tables(_without_jsx(text, braces, partials, masks, flaw))
    text = text.sub(_DOC_BUILDER, lambda _: "").sub(_IMAGE, lambda match: match["alt"])
    text = text.sub(_LINK, lambda match: link(match[0]))
    text = text.sub(_DEFINITION, lambda match: match["label"] + link(match["target"]))
    text = in_words(text.sub(_EMPTY_LINK, lambda _: ""))
    text = masks.undo(text.sub(_BLANK_LINES, lambda _: "\n\n"))
    return text.with_text(_MARKS.sub("", text.text)).trimmed()


def _keep_heading_id(match: re.Match[str], masks: Masks) -> str:
    """Keep {#id}, and make {/* #id */} the same where a heading ends with it."""
    if match["comment"]:
        line = match.string.rfind("\n", 0, match.start()) + 1
        if not HEADING.match(match.string, line):
            return match[0]
    return masks.inline(Traced.of(f"{{#{match['id'] or match['comment']}}}"))


def _without_comments(text: Traced, flaw: Callable[[int, str], None]) -> Traced:
    edits: list[Edit] = []
    dropped = dropping(text.text)
    end = 0
    while (start := text.text.find("<!--", end)) >= 0:
        closing = text.text.find("-->", start)
        if closing < 0:
            line = text.lines[text.text.count("\n", 0, start)][0]
            flaw(line, "A comment is opened here and not closed.")
            break
        end = closing + len("-->")
        edits.append((start, end, dropped(start, end)))
    return text.edited(edits)


def _without_modules(text: Traced) -> tuple[Traced, dict[str, tuple[str, int]]]:
    """Drop imports and exports; return what is left, and imported pages with their lines."""
    lines = text.text.split("\n")
    kept: list[int] = []
    imported: dict[str, tuple[str, int]] = {}
    number, may_begin = 0, True
    while number < len(lines):
        line = lines[number]
        length = _module_length(lines, number) if may_begin else 0
        if length:
            for name, path in _PARTIAL.findall("\n".join(lines[number : number + length])):
                imported[name] = (path, text.lines[number][0])
        else:
            kept.append(number)
            may_begin = not line.strip()
        number += length or 1
    if not kept:
        return Traced.of(""), imported
    left = "\n".join(lines[number] for number in kept)
    return Traced(left, tuple(text.lines[number] for number in kept)), imported


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


def _without_jsx(
    text: Traced,
    braces: dict[int, int],
    partials: dict[str, str | None],
    masks: Masks,
    flaw: Callable[[int, str], None],
) -> Traced:
    found, edits = _without_expressions(text.text, braces)
    pairs = elements(found)
    paired = {tag for pair in pairs for tag in (pair.opening, pair.closing)}
    index = LineIndex(text)
    for tag in found:
        if tag.name[:1].isupper() and tag not in paired:
            is_what = "closed but not opened" if tag.is_closing else "opened but not closed"
            flaw(index.line(tag.start), f"The component {tag.name} is {is_what}.")
    for element in pairs:
        if element.closing and is_hidden(element.opening):
            start, end = element.opening.start, element.closing.end
            if text.text[element.opening.end : element.closing.start].strip():
                flaw(index.line(start), "Text that is hidden from readers is left out.")
            edits.append((start, end, ""))
        else:
            edits += _edits(element, text, partials, masks)
    edits += _dedents(pairs, text.text)
    return text.edited(sorted(edits))


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


def _without_expressions(text: str, braces: dict[int, int]) -> tuple[list[Tag], list[_Edit]]:
    """Return the tags outside expressions, and the edits that drop the expressions.

    A lone brace far above another one is no expression: only a comment may span a blank line.
    """
    gaps = [match.start() for match in _BLANK_LINE.finditer(text)]
    spans: list[tuple[int, int, Tag | None]] = [(a, b + 1, None) for a, b in braces.items()]
    spans += [(tag.start, tag.end, tag) for tag in tags(text, braces)]
    outside: list[Tag] = []
    edits: list[_Edit] = []
    dropped = dropping(text)
    position = 0
    for start, end, tag in sorted(spans, key=lambda span: span[0]):
        if start < position:
            continue
        if tag:
            outside.append(tag)
        elif text.startswith("/*", start + 1) or bisect(gaps, start) == bisect(gaps, end):
            edits.append((start, end, dropped(start, end)))
        else:
            continue
        position = end
    return outside, edits


def _edits(
    element: Element, text: Traced, partials: dict[str, str | None], masks: Masks
) -> list[_Edit]:
    opening, closing = element.opening, element.closing
    end = closing.end if closing else opening.end
    inlined = partials.get(opening.name)
    if inlined is not None:
        line = text.lines[text.text.count("\n", 0, opening.start)]
        block = Traced(inlined, (line,) * (inlined.count("\n") + 1))
        return [(opening.start, end, f"\n\n{masks.block(block)}\n\n")]
    if is_silent(opening.name):
        return [(opening.start, end, "")]
    if closing and _is_heading(opening, closing, text.text):
        mark, id_ = "#" * int(opening.name[1]), opening.attribute("id")
        said = masks.inline(Traced.of(f"{{#{id_}}}"))
        return [
            (opening.start, opening.end, f"\n\n{mark} "),
            (closing.start, closing.end, f" {said}\n\n"),
        ]
    return [
        (tag.start, tag.end, _fitting(words(tag), text.text, tag.start))
        for tag in (opening, closing)
        if tag
    ]


def _is_heading(opening: Tag, closing: Tag, text: str) -> bool:
    """Tell whether an element of HTML is a heading that a link can lead to."""
    if not _HTML_HEADING.fullmatch(opening.name) or not opening.attribute("id"):
        return False
    before = text[text.rfind("\n", 0, opening.start) + 1 : opening.start]
    return not before.strip() and "\n" not in text[opening.end : closing.start]


def _fitting(said: str, text: str, position: int) -> str:
    """Keep a line that must stay one line, as a table's row or a quote, in one piece."""
    line = text[text.rfind("\n", 0, position) + 1 : position].lstrip()
    if line.startswith("#"):
        return " ".join(said.split()) or EDGE
    if said.strip("\n") != said and line.startswith(("|", ">")):
        return f" {' '.join(said.split())} "
    return said


def _dedents(pairs: list[Element], text: str) -> list[_Edit]:
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
