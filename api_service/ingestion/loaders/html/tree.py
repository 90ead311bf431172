"""A page of HTML as a small tree of what can be read: nothing hidden, no scripts, no widgets."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from justhtml import Text as TextNode
from justhtml.dom import Node

DEEPEST = 100
"""Levels of a page; what lies deeper is taken as the text it holds."""

_SILENT = re.compile(
    r"area|audio|base|button|canvas|col|colgroup|datalist|embed|frame|frameset|head|iframe"
    r"|input|link|map|meta|noembed|noframes|noscript|object|optgroup|option|param|script"
    r"|select|source|style|svg|template|textarea|track|video|wbr"
)
_BLOCKS = re.compile(
    r"address|article|aside|blockquote|body|caption|center|dd|details|dialog|dir|div|dl|dt"
    r"|fieldset|figcaption|figure|footer|form|h[1-6]|header|hgroup|hr|html|legend|li|main"
    r"|menu|nav|ol|p|pre|search|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
_LINE_NUMBERS = frozenset({"linenos", "lineno", "linenodiv", "linenumbers", "lnt", "line-numbers"})
_UNSEEN = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)"
    r"|font-size\s*:\s*0(?:\.0*)?(?:[a-z%]+)?\s*(?:;|!|$)|(?:left|text-indent)\s*:\s*-\d{4,}px)",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")  # of typography, as generators put it there
_WORD = re.compile(r"\w")
_TEX_SCRIPT = re.compile(r"math/tex(?P<display>\s*;\s*mode\s*=\s*display)?", re.IGNORECASE)


@dataclass(slots=True)
class Text:
    """Characters, and the line of the file on which they begin."""

    data: str
    line: int


@dataclass(slots=True)
class Element:
    """An element with what of it can be read.

    Attributes:
        name: In lower case; "tex" for mathematics, which holds its source in TeX.
        attributes: Those with a value or without ("").
        line: On which it begins.
        children: In order.
        is_block: It begins a line of its own, or something in it does.
    """

    name: str
    attributes: dict[str, str]
    line: int
    children: "list[Element | Text]" = field(default_factory=list)
    is_block: bool = False

    def attribute(self, name: str) -> str:
        """Return an attribute's value, "" if it is absent."""
        return self.attributes.get(name, "")

    @property
    def classes(self) -> list[str]:
        """Its classes, in lower case."""
        return self.attribute("class").lower().split()

    def walk(self) -> "Iterator[Element]":
        """Yield the element and every one inside of it, in the order of the page."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += [c for c in reversed(element.children) if isinstance(c, Element)]

    def text(self) -> str:
        """Return all text inside, as it stands."""
        pieces: list[str] = []
        waiting: list[Element | Text] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Text):
                pieces.append(node.data)
            elif node.name == "br":
                pieces.append("\n")
            else:
                waiting += reversed(node.children)
        return "".join(pieces)


def without(element: Element, is_dropped: Callable[[Element], bool]) -> Element:
    """Return an element without some of those inside of it."""
    kept: list[Element | Text] = []
    for child in element.children:
        if isinstance(child, Text):
            kept.append(child)
        elif not is_dropped(child):
            kept.append(without(child, is_dropped))
    return Element(element.name, element.attributes, element.line, kept, element.is_block)


def readable(root: Node, source: str, flaw: Callable[[int | None, str], None]) -> Element:
    """Return the tree of what can be read in a parsed page.

    Args:
        root: The parser's document.
        source: What it was parsed from.
        flaw: Called with a line and a sentence for text that is hidden or nested too deep.
    """
    top = Element("html", {}, 1, is_block=True)
    made = [top]
    waiting: list[tuple[Node | TextNode, Element, int]] = [
        (child, top, 1) for child in reversed(root.children or [])
    ]
    told_deep = False
    while waiting:
        node, parent, depth = waiting.pop()
        line = node.origin_line or parent.line
        if isinstance(node, TextNode):
            if parent.name == "pre" and not parent.children:
                line += _dropped_line_feed(str(node.data or ""), source, node.origin_offset or 0)
            if data := _INVISIBLE.sub("", str(node.data or "")):
                parent.children.append(Text(data, line))
            continue
        element = _element(node, line, flaw)
        if element is None:
            continue
        if element.name == "tex":
            parent.children.append(element)
            made.append(element)
            continue
        if depth > DEEPEST:
            if not told_deep:
                flaw(line, f"It is nested more than {DEEPEST} levels deep.")
            told_deep, element = True, parent
        else:
            parent.children.append(element)
            made.append(element)
        waiting += [(child, element, depth + 1) for child in reversed(node.children or [])]
    for element in reversed(made):
        element.is_block = _BLOCKS.fullmatch(element.name) is not None or any(
            isinstance(child, Element) and child.is_block for child in element.children
        )
    return top


def _dropped_line_feed(data: str, source: str, start: int) -> bool:
    """Tell whether the parser dropped a line feed that came right after the tag of a block.

    One that came after something else it dropped, a stray end tag say, stays.
    """
    written = source[start : start + len(data) + 1]
    return len(written) - len(written.lstrip("\n")) > len(data) - len(data.lstrip("\n"))


def _element(node: Node, line: int, flaw: Callable[[int | None, str], None]) -> Element | None:
    """Return an element without its children; None for one with nothing to read."""
    name = node.name.lower()
    attributes = {key: value or "" for key, value in (node.attrs or {}).items()}
    if name == "math":
        return _formula(node, attributes, line)
    if name == "script" and (match := _TEX_SCRIPT.match(attributes.get("type", ""))):
        mode = {"display": "block"} if match["display"] else {}
        return Element("tex", mode, line, [Text(_all_text(node), line)])
    if name.startswith(("#", "!")) or _SILENT.fullmatch(name):
        return None
    element = Element(name, attributes, line)
    if _LINE_NUMBERS.intersection(element.classes):
        return None
    if how := _hidden(element):
        is_spoken_elsewhere = name.startswith("mjx-") or "katex-html" in element.classes
        if not is_spoken_elsewhere and _WORD.search(_all_text(node)):
            flaw(line, f"Text that is hidden by {how} is left out.")
        return None
    return element


def _hidden(element: Element) -> str:
    """Return what hides an element, "" if a reader sees it or can open it, as they can a tab."""
    hidden = element.attributes.get("hidden")
    can_be_opened = element.attribute("role") == "tabpanel"
    if hidden is not None and hidden.lower() != "until-found" and not can_be_opened:
        return 'the attribute "hidden"'
    if element.attribute("aria-hidden").lower() == "true" and not can_be_opened:
        return 'the attribute "aria-hidden"'
    if _UNSEEN.search(element.attribute("style")) and not can_be_opened:
        return "its style"
    return ""


def _formula(node: Node, attributes: dict[str, str], line: int) -> Element:
    """Return mathematics as TeX where the page has it, else as the characters it shows."""
    tex = attributes.get("alttext", "")
    waiting = [node]
    while waiting:
        inside = waiting.pop()
        if inside.name == "annotation" and "tex" in ((inside.attrs or {}).get("encoding") or ""):
            tex = _all_text(inside)
            break
        waiting += [c for c in reversed(inside.children or []) if not isinstance(c, TextNode)]
    mode = {"display": "block"} if attributes.get("display") == "block" else {}
    return Element("tex", mode, line, [Text(tex or _all_text(node), line)])


def _all_text(node: Node) -> str:
    pieces: list[str] = []
    waiting: list[Node | TextNode] = [node]
    while waiting:
        inside = waiting.pop()
        if isinstance(inside, TextNode):
            pieces.append(str(inside.data or ""))
        elif not inside.name.startswith("#") or inside.children:
            waiting += reversed(inside.children or [])
    return " ".join("".join(pieces).split())
