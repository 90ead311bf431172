"""The blocks of a page as Markdown: headings, paragraphs, lists, code, tables, admonitions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from api_service.ingestion.loaders.html import code, tables
from api_service.ingestion.loaders.html.inline import Pieces, inline, one_line, paragraph
from api_service.ingestion.loaders.html.lines import Block, Head, Line, joined, prefixed, span
from api_service.ingestion.loaders.html.tree import Element, Text, without

_HEADING = re.compile(r"h[1-6]")
_KINDS = re.compile(r"attention|caution|danger|error|hint|important|info|note|tip|warning")
_ADMONITION = re.compile(r".*(?:admonition|callout|alert|notice|aside).*")
_TITLE = re.compile(r".*(?:title|heading).*")
_PROSE = re.compile(r"(?![-*+|>#`~$]|\d+[.)]\s)")
_LIST = re.compile(r"[-*+] |\d+[.)] ")
_NO_HEADING = re.compile(r"blockquote|dl|ol|p|pre|table|ul")
_ANCHORED = frozenset({"a", "article", "div", "section", "span"})


@dataclass(slots=True)
class Writer:
    """Writes the blocks of one page.

    Attributes:
        base: The page's address, which its links are relative to.
    """

    base: str
    _anchor: str = ""  # an id that leads to what comes next
    _language: str = ""  # of code, as the elements around it name it
    _tabs: list[str] = field(default_factory=list)  # labels whose panels are still to come

    def blocks(self, nodes: list[Element | Text]) -> list[Block]:
        """Return the blocks that some siblings make, none of them empty."""
        made: list[Block] = []
        run: list[Element | Text] = []

        def end_run() -> None:
            for element in (e for node in run if isinstance(node, Element) for e in node.walk()):
                self._note_anchor(element)
            if said := paragraph(inline(run, base=self.base)):
                made.append(said)
                self._anchor = ""
            run.clear()

        for node in nodes:
            if isinstance(node, Text) or not (node.is_block or _is_display(node)):
                run.append(node)
                continue
            end_run()
            self._note_anchor(node)
            made += [block for block in self._block(node) if block]
        end_run()
        return made

    def _note_anchor(self, element: Element) -> None:
        if element.name in _ANCHORED:
            self._anchor = element.attribute("id") or element.attribute("name") or self._anchor

    def _block(self, element: Element) -> list[Block]:
        name, here = element.name, (element.line, element.line)
        if _HEADING.fullmatch(name):
            return self._heading(element)
        if element.attribute("role") == "tablist":
            tabs = (inside for inside in element.walk() if inside.attribute("role") == "tab")
            self._tabs = [" ".join(tab.text().split()) for tab in tabs]
            return []
        if name == "pre":
            made = [code.fence(element, self._language)]
        elif name in {"ul", "ol", "dir"}:
            made = [self._list(element)]
        elif name == "dl":
            made = [self._definitions(element)]
        elif name == "table":
            made = self._table(element)
        elif name == "blockquote":
            made = [prefixed(joined(self.blocks(element.children)), "> ", "> ")]
        elif name == "hr":
            made = [[Line("---", here)]]
        elif name == "tex":
            made = [_display(element)]
        else:
            return self._container(element)
        self._anchor = "" if any(made) else self._anchor
        return made

    def _container(self, element: Element) -> list[Block]:
        if kind := _admonition(element):
            return self._said(element, kind)
        around, self._language = self._language, code.language(element) or self._language
        made = self.blocks(element.children)
        self._language = around
        if element.attribute("role") == "tabpanel" and self._tabs:
            label = self._tabs.pop(0)
            return [[Line(f"{label}:", (element.line, element.line))], *made] if made else []
        return made

    def _heading(self, element: Element) -> list[Block]:
        said, rest = _parted(element)
        text = " ".join(said.text().split())
        if not text:
            return self.blocks(rest)
        own = (e.attribute("id") or e.attribute("name") for e in said.walk())
        anchor = next((id_ for id_ in own if id_), self._anchor)
        self._anchor = ""
        level = int(element.name[1])
        marked = f"{'#' * level} {one_line(inline(said.children, base=self.base))}"
        line = Line(marked, (element.line, element.line), Head(level, text, anchor))
        return [[line], *self.blocks(rest)]

    def _list(self, element: Element) -> Block:
        start = element.attribute("start")
        number = int(start) if re.fullmatch(r"[0-9]{1,9}", start) else 1
        items: list[Block] = []
        is_loose = False
        for child in element.children:
            inside = self.blocks(_item_nodes(child))
            if not inside:
                continue
            mark = f"{number}. " if element.name == "ol" else "- "
            number += 1
            is_loose = is_loose or any(not _LIST.match(block[0].text) for block in inside[1:])
            items.append(_item(inside, mark))
        return joined(items, gap=is_loose)

    def _definitions(self, element: Element) -> Block:
        """Return what is defined as a list: "- Joint: what connects two links"."""
        items: list[list[Block]] = []
        for child in _entries(element):
            if child.name == "dt":
                term = paragraph(inline(child.children, base=self.base))
                if term:
                    text = " ".join(line.text for line in term)
                    items.append([[Line(text, span([term]))]])
                continue
            inside = self.blocks(child.children)
            if not items:
                items += [inside] if inside else []
            elif len(items[-1]) == 1 and inside and _PROSE.match(inside[0][0].text):
                items[-1] = _begun(items[-1][0][0], inside)
            else:
                items[-1] += inside
        return joined([_item(blocks, "- ") for blocks in items], gap=False)

    def _table(self, element: Element) -> list[Block]:
        def write(cell: Element) -> Pieces:
            return inline(cell.children, base=self.base)

        table = tables.pipe_table(element, write)
        captions = [
            child
            for child in element.children
            if isinstance(child, Element) and child.name == "caption"
        ]
        made = [block for caption in captions for block in self.blocks(caption.children)]
        if table is not None:
            return [*made, table]
        return made + [b for cell in tables.cells(element) for b in self.blocks(cell.children)]

    def _said(self, element: Element, kind: str) -> list[Block]:
        """Say an admonition in words, as those of Markdown are said: "Note: Title"."""
        titles = (e for e in element.walk() if e is not element and _is_title(e))
        heading = next(titles, None)
        title = " ".join(heading.text().split()).rstrip(":") if heading else ""
        rest = without(element, lambda inside: inside is heading) if heading else element
        opening = Line(f"{kind.capitalize()}:", (element.line, element.line))
        inside = self.blocks(rest.children)
        if title and title.casefold() != kind:
            return [[replace(opening, text=f"{opening.text} {title}")], *inside]
        if inside and _PROSE.match(inside[0][0].text):
            return _begun(opening, inside)
        return [[opening], *inside]


def _parted(heading: Element) -> tuple[Element, list[Element | Text]]:
    """Part a heading from the text that got into it where it was not closed."""
    for number, child in enumerate(heading.children):
        if isinstance(child, Element) and _NO_HEADING.fullmatch(child.name):
            said = replace(heading, children=heading.children[:number])
            return (said, heading.children[number:]) if said.text().strip() else (heading, [])
    return heading, []


def _begun(opening: Line, blocks: list[Block]) -> list[Block]:
    """Let a paragraph begin with what announces it: "Note:" or the word that is defined."""
    first = blocks[0][0]
    text = f"{opening.text.removesuffix(':')}: {first.text}"
    source = min(opening.source[0], first.source[0]), max(opening.source[1], first.source[1])
    return [[Line(text, source), *blocks[0][1:]], *blocks[1:]]


def _item_nodes(node: Element | Text) -> list[Element | Text]:
    return node.children if isinstance(node, Element) and node.name == "li" else [node]


def _item(blocks: list[Block], mark: str) -> Block:
    """Return an item of a list; a list in it follows its first line without a gap."""
    made = list(blocks[0])
    for block in blocks[1:]:
        if not _LIST.match(block[0].text):
            made.append(Line("", made[-1].source))
        made += block
    return prefixed(made, mark, " " * len(mark))


def _entries(element: Element) -> Iterator[Element]:
    """Yield the terms and the definitions of a `dl`, which may stand in groups."""
    for child in element.children:
        if isinstance(child, Element) and child.name == "div":
            yield from _entries(child)
        elif isinstance(child, Element) or child.data.strip():
            yield child if isinstance(child, Element) else Element("dd", {}, child.line, [child])


def _admonition(element: Element) -> str:
    """Return what kind of admonition an element is, "" if it is none."""
    classes = element.classes
    if element.name == "aside" or any(map(_ADMONITION.fullmatch, classes)):
        parts = re.split(r"[-_ ]+", " ".join(classes))
        kinds = [part for part in parts if _KINDS.fullmatch(part)]
        return kinds[0] if kinds else "note" if "admonition" in classes else ""
    return ""


def _is_title(element: Element) -> bool:
    return any(map(_TITLE.fullmatch, element.classes))


def _is_display(element: Element) -> bool:
    return element.name == "tex" and element.attribute("display") == "block"


def _display(element: Element) -> Block:
    """Return a formula that stands for itself."""
    tex = [line.strip() for line in element.text().strip().split("\n")]
    here = (element.line, element.line)
    return [Line(text, here) for text in ("$$", *filter(None, tex), "$$")] if any(tex) else []
