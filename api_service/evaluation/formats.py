"""Reads files that are no Markdown, to judge chunks by them, with nothing of the loaders."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from api_service.evaluation.source import Block, Line, Reading, plain, read, words

_UNREAD = re.compile(
    r"button|dialog|footer|head|iframe|math|menu|nav|noscript|object|script|select|style|svg"
    r"|template|textarea|video"
)
_RUNNING = re.compile(
    r"a|abbr|b|bdi|bdo|cite|code|data|del|dfn|em|font|i|img|ins|kbd|label|mark|q|s|samp|small|span"
    r"|strong|sub|sup|time|tt|u|var|wbr"
)
_VOID = re.compile(r"area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr")
_MAIN = re.compile(r"<main\b|\brole=[\"']?main\b", re.IGNORECASE)
_MAGIC = re.compile(r"%%(?P<language>bash|html|javascript|js|latex|perl|R|ruby|sh|sql)\b")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")


def reading(path: Path) -> Reading | None:
    """Return what a page consists of; None for a format whose files hold no lines to judge by."""
    suffix = path.suffix.lower()
    if suffix in {".md", ".mdx"}:
        return read(_text(path))
    if suffix == ".ipynb":
        return _notebook(_text(path))
    return _html(_text(path)) if suffix in {".html", ".htm"} else None


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return text.replace("\0", "\ufffd")


def _notebook(text: str) -> Reading:
    """Return a notebook's reading; its lines are counted in the cells put one after another."""
    notebook = json.loads(text)
    about = notebook.get("metadata", {})
    kernel = about.get("language_info", {}).get("name") or about.get("kernelspec", {}).get(
        "language"
    )
    parts: list[str] = []
    for cell in notebook.get("cells", ()):
        source = "".join(cell.get("source", ()))
        if cell.get("cell_type") == "code" and source.strip():
            magic = _MAGIC.match(source)
            language = magic["language"] if magic else kernel or ""
            parts.append(f"````{language}\n{source.strip()}\n````")
        elif cell.get("cell_type") == "markdown":
            parts.append(source)
    return read("\n\n".join(parts))


def _html(text: str) -> Reading:
    reader = _Reader(is_inside=_MAIN.search(text) is None)
    reader.feed(text)
    reader.close()
    reader.end_line()
    return Reading(
        title="",
        lines=tuple(reader.lines),
        fences=tuple(reader.fences),
        tables=tuple(reader.tables),
        modules=frozenset(),
        is_markdown=False,
    )


@dataclass
class _Reader(HTMLParser):
    """Collects a page's lines, code and tables; `is_inside` its main part from the start."""

    is_inside: bool
    lines: list[Line] = field(default_factory=list)
    fences: list[Block] = field(default_factory=list)
    tables: list[Block] = field(default_factory=list)
    _unread: list[str] = field(default_factory=list)
    _stack: list[tuple[int, str]] = field(default_factory=list)
    _said: str = ""
    _code: str | None = None
    _cells: list[str] | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "main" or given.get("role") == "main":
            self.is_inside = True
        if self._unread == ["p"] and not _RUNNING.fullmatch(tag):
            self._unread.clear()  # a paragraph need not be closed
        if self._unread or _UNREAD.fullmatch(tag) or _is_hidden(given):
            self._unread += [] if _VOID.fullmatch(tag) else [tag]
            return
        if _RUNNING.fullmatch(tag):
            self._said += f" {given.get('alt', '')} " if tag in {"img", "sup"} else ""
            return
        self.end_line()
        if tag == "pre":
            self._code = ""
        elif tag == "table":
            self._cells = []

    def handle_endtag(self, tag: str) -> None:
        if self._unread:
            if tag in self._unread:
                del self._unread[len(self._unread) - 1 - self._unread[::-1].index(tag) :]
            return
        if _RUNNING.fullmatch(tag):
            return
        self.end_line(level=int(tag[1]) if re.fullmatch(r"h[1-6]", tag) else 0)
        path = tuple(heading for _, heading in self._stack)
        if tag == "pre" and self._code is not None:
            code = plain(self._code.strip("\n").rstrip())
            body = "\n".join(line.strip(" \t>") for line in code.split("\n"))
            if code.strip() and self._cells is None:
                self.fences.append(Block(path, f"```\n{code}\n```", f"\n{body}"))
            self._code = None
        elif tag == "table" and self._cells is not None:
            said = " ".join(self._cells)
            if said and "\n" not in said:
                self.tables.append(Block(path, said, said))
            self._cells = None

    def handle_data(self, data: str) -> None:
        if self._unread or not self.is_inside:
            return
        if self._code is not None:
            self._code += data
        for number, part in enumerate(data.split("\n")):
            if number and self._cells is None:
                self.end_line()
            self._said += f" {part}" if number else part

    def end_line(self, *, level: int = 0) -> None:
        """End a line of text; at the end of a heading, whose level is given, it is that."""
        text, self._said = " ".join(_INVISIBLE.sub("", self._said).split()), ""
        said = words(plain(text))
        if not said:
            return
        if level:
            self._stack = [(depth, above) for depth, above in self._stack if depth < level]
            self._stack.append((level, text))
        path = tuple(heading for _, heading in self._stack)
        self.lines.append(Line(self.getpos()[0], path, said))
        if self._cells is not None:
            self._cells.append(said)


def _is_hidden(given: dict[str, str]) -> bool:
    if given.get("role") == "tabpanel":
        return False
    style = given.get("style", "").replace(" ", "").lower()
    classes = given.get("class", "").split()
    return (
        "hidden" in given
        or given.get("aria-hidden") == "true"
        or given.get("role") in {"navigation", "search", "tablist"}
        or "display:none" in style
        or bool({"headerlink", "hash-link", "linenos"}.intersection(classes))
    )
