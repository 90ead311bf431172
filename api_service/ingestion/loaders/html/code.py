"""Blocks of code as Markdown's fences, with the language that their classes name."""

import re

from api_service.ingestion.loaders.html.lines import Block, Line
from api_service.ingestion.loaders.html.tree import Element, Text

_PREFIXED = re.compile(
    r"(?:language|lang|highlight-source|highlight|hl|brush)[-:](?P<name>[\w+#.-]+);?"
)
_ANNOUNCED = frozenset({"brush:", "sourcecode"})  # the next class is the language
_NO_LANGUAGES = re.compile(r"default|none|notranslate|plain|plaintext|text|txt|wrapper")
_FENCES = re.compile("`{3,}")


def language(element: Element) -> str:
    """Return the language that an element's classes or data name, "" if none."""
    named = element.attribute("data-lang") or element.attribute("data-language")
    if named:
        return named.lower() if re.fullmatch(r"[\w+#.-]+", named) else ""
    classes = element.classes
    for number, name in enumerate(classes):
        match = _PREFIXED.fullmatch(name)
        found = match["name"] if match else ""
        if name in _ANNOUNCED and number + 1 < len(classes):
            found = classes[number + 1].strip(";")
        if found and not _NO_LANGUAGES.fullmatch(found):
            return found
    return ""


def fence(pre: Element, around: str) -> Block:
    """Return a `pre` as a fence.

    Args:
        pre: The element.
        around: The language that the elements around it name.
    """
    rows = _rows(pre)
    while rows and not rows[0][0].strip():
        rows.pop(0)
    while rows and not rows[-1][0].strip():
        rows.pop()
    if not rows:
        return []
    own = (language(e) for e in pre.walk() if e.name in {"pre", "code"})
    name = next((name for name in own if name), around)
    longest = max((len(run) for text, _ in rows for run in _FENCES.findall(text)), default=2)
    marks = "`" * (longest + 1)
    first, last = (pre.line,) * 2, (rows[-1][1],) * 2
    code = [Line(text.rstrip(), (line, line)) for text, line in rows]
    return [Line(marks + name, first), *code, Line(marks, last)]


def _rows(pre: Element) -> list[tuple[str, int]]:
    """Return the lines of code, each with its line in the file."""
    rows: list[tuple[str, int]] = [("", pre.line)]

    def put(text: str, line: int) -> None:
        above, known = rows[-1]
        rows[-1] = (above + text, known if above.strip() else line)

    waiting: list[Element | Text] = [*reversed(pre.children)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Element):
            waiting += reversed(_opened(node))
            continue
        for number, part in enumerate(node.data.split("\n")):
            if number:
                rows.append(("", node.line + number))
            put(part, node.line + number)
    return rows


def _opened(element: Element) -> list[Element | Text]:
    """Return what an element in code holds, with the line feeds that it stands for."""
    feed = Text("\n", element.line - 1)
    if element.name == "br":
        return [feed]
    ends_itself = element.text().endswith("\n") or not element.children
    is_line = element.name in {"div", "li", "p"} and not ends_itself
    return [*element.children, feed] if is_line else element.children
