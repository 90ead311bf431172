"""Text with emphasis, code, links and formulas as Markdown, each piece with the line it is from."""

import re
from urllib.parse import urljoin, urlsplit

from api_service.ingestion.loaders.html.lines import Block, Line
from api_service.ingestion.loaders.html.tree import Element, Text
from api_service.ingestion.loaders.tracing import Lines

Pieces = list[tuple[str, int]]
"""Stretches of text with their lines in the file; a line feed is a piece of its own."""

_MARKS = {
    **dict.fromkeys(("b", "strong"), ("**", "**")),
    **dict.fromkeys(("em", "i"), ("*", "*")),
    **dict.fromkeys(("del", "s", "strike"), ("~~", "~~")),
    "q": ('"', '"'),
    "sup": ("^", ""),
}
_CODE = frozenset({"code", "samp", "tt"})
_SCHEMES = frozenset({"", "http", "https", "mailto"})
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_BACKTICKS = re.compile("`+")
_DELIMITED_TEX = re.compile(r"\s*(?:\\\((?P<inline>.*)\\\)|\\\[(?P<block>.*)\\\])\s*", re.DOTALL)
_BLOCK_START = re.compile(r"(?:#{1,6}(?=\s|$)|[-+*](?=\s|$)|>|`{3,}|~{3,}|[=-]+\s*$|\|)")
_NUMBER = re.compile(r"(?P<number>\d{1,9})(?P<sign>[.)](?=\s|$))")


def inline(nodes: list[Element | Text], *, base: str) -> Pieces:
    """Return Markdown of what runs on within lines; blocks in it are parted by blanks.

    Args:
        nodes: Siblings.
        base: The page's address, which links are relative to.
    """
    pieces: Pieces = []
    for node in nodes:
        if isinstance(node, Text):
            pieces += _split(_BLANKS.sub(" ", node.data), node.line)
        else:
            pieces += _element(node, base)
    return pieces


def _split(text: str, line: int) -> Pieces:
    pieces: Pieces = []
    for number, part in enumerate(text.split("\n")):
        if number:
            pieces.append(("\n", line + number))
        if part:
            pieces.append((part, line + number))
    return pieces


def _element(element: Element, base: str) -> Pieces:
    name, line = element.name, element.line
    if said := _said_whole(element):
        return [(said, line)]
    if "math" in element.classes and (match := _DELIMITED_TEX.fullmatch(element.text())):
        return [(f"${' '.join((match['inline'] or match['block'] or '').split())}$", line)]
    inside = inline(element.children, base=base)
    if name == "a":
        return _link(element, inside, base)
    if name in _MARKS:
        return _wrapped(inside, *_MARKS[name])
    if name == "li":
        return [("\n- ", line), *inside, ("\n", line)]
    return [(" ", line), *inside, (" ", line)] if element.is_block else inside


def _said_whole(element: Element) -> str:
    """Return what stands for an element whose content needs no look; "" for any other."""
    if element.name == "br":
        return "\n"
    if element.name == "img":
        return " ".join(element.attribute("alt").split())
    if element.name == "tex":
        return formula(element)
    return _code(element) if element.name in _CODE else ""


def formula(element: Element) -> str:
    """Return a formula as Markdown writes it in a line."""
    tex = " ".join(element.text().split())
    return f"${tex}$" if tex else ""


def _code(element: Element) -> str:
    code = " ".join(element.text().split())
    if not code:
        return ""
    longest = max(map(len, _BACKTICKS.findall(code)), default=0)
    marks = "`" * (longest + 1)
    room = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{marks}{room}{code}{room}{marks}"


def _link(element: Element, inside: Pieces, base: str) -> Pieces:
    target = _address(element.attribute("href").strip(), base)
    return _wrapped(inside, "[", f"]({target})") if target else inside


def _address(href: str, base: str) -> str:
    """Return where a link leads, "" for what is no address one could go to."""
    if not href:
        return ""
    try:
        if urlsplit(href).scheme.lower() not in _SCHEMES:
            return ""
        target = urljoin(base, href)
    except ValueError:  # brackets in odd places
        return ""
    return re.sub(r"[\s<>()]", lambda match: f"%{ord(match[0]):02X}", target)


def _wrapped(pieces: Pieces, opening: str, closing: str) -> Pieces:
    """Put marks around a text, inside of the blanks around it; nothing around no text."""
    filled = [number for number, (text, _) in enumerate(pieces) if text.strip()]
    if not filled:
        return pieces
    wrapped = list(pieces)
    text, line = wrapped[filled[0]]
    bare = text.lstrip()
    wrapped[filled[0]] = (text[: len(text) - len(bare)] + opening + bare, line)
    text, line = wrapped[filled[-1]]
    bare = text.rstrip()
    wrapped[filled[-1]] = (bare + closing + text[len(bare) :], line)
    return wrapped


def paragraph(pieces: Pieces) -> Block:
    """Return the lines of a paragraph, without empty ones.

    What would begin a list, a heading or a block of code in Markdown is escaped at a line's start.
    """
    made: Block = []
    for text, source in _gathered(pieces):
        escaped = f"\\{text}" if _BLOCK_START.match(text) else text
        if match := _NUMBER.match(text):
            escaped = f"{match['number']}\\{text[match.end('number') :]}"
        made.append(Line(escaped, source))
    return made


def one_line(pieces: Pieces) -> str:
    """Return a text as one line."""
    return " ".join("".join(text for text, _ in pieces).split())


def _gathered(pieces: Pieces) -> list[tuple[str, Lines]]:
    rows: list[Pieces] = [[]]
    for text, line in pieces:
        for number, part in enumerate(text.split("\n")):
            if number:
                rows.append([])
            rows[-1].append((part, line))
    made: list[tuple[str, Lines]] = []
    for row in rows:
        if text := " ".join("".join(part for part, _ in row).split()):
            used = [line for part, line in row if part.strip()]
            made.append((text, (min(used), max(used))))
    return made
