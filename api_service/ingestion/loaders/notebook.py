"""Loads a Jupyter notebook: its cells of Markdown and of code, and what they printed.

Source: the notebook format 4 of nbformat, and 3, whose cells lie in worksheets. Pages and headings
have the addresses that a page of Markdown would have in their place.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from api_service.documents import Document, Flaw
from api_service.ingestion.loaders import docusaurus, front_matter
from api_service.ingestion.loaders.files import Unreadable, decoded, read_bytes
from api_service.ingestion.loaders.headings import headings
from api_service.ingestion.loaders.links import absolute
from api_service.ingestion.loaders.masking import block_parser
from api_service.ingestion.loaders.mdx import to_markdown
from api_service.ingestion.loaders.positions import Located, parse
from api_service.ingestion.loaders.sections import sections
from api_service.ingestion.loaders.sites import site_of
from api_service.ingestion.loaders.tracing import Lines, Traced

MAX_BYTES = 25 * 1024 * 1024
"""Pictures are part of a notebook's file; what is read of it may be much less."""

_MOST_TEXT = 5 * 1024 * 1024  # characters
_MOST_FLAWS = 20
_OUTPUT_LINES = 20
_OUTPUT_CHARACTERS = 1500
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b.")
_BARE_OBJECT = re.compile(r"\s*<[^<>\n]*(?:Axes| at 0x[0-9a-f]+|object|Figure)[^<>\n]*>\s*")
_MAGIC = re.compile(r"%%(?P<language>bash|html|javascript|js|latex|perl|R|ruby|sh|sql)\b")
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
_END = "end"  # a word behind a text, to see whether it is one of its own
_BACKTICKS = re.compile("`{3,}")

Say = Callable[[int | None, str], None]
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Context:
    """What all cells of a notebook share."""

    language: str
    link: Callable[[str], str]
    flaw: Say


def load(folder: Path, path: PurePosixPath, *, base_url: str) -> Document | None:
    """Load one notebook.

    Args:
        folder: The book's folder.
        path: The notebook's file, relative to it.
        base_url: Where the book is served.

    Returns:
        The page, or None if it is a draft or unlisted.

    Raises:
        Unreadable: It is no notebook, or its front matter cannot be read.
    """
    text = decoded(read_bytes(folder / path, most=MAX_BYTES), "utf-8-sig")
    if not text.strip():
        raise Unreadable("The file is empty.")
    notebook = parse(text)
    flaws: list[Flaw] = []

    def flaw(line: int | None, reason: str) -> None:
        if len(flaws) < _MOST_FLAWS:
            flaws.append(Flaw(line, reason))

    cells = _cells(notebook, flaw)
    about, cells = _front_matter(cells)
    if not about.published:
        return None
    site = site_of(folder, base_url)
    place = docusaurus.place(path, about, base_url=site.base_url, rules=site.rules)
    context = _Context(
        language=_language(_mapping(notebook.get("metadata"))),
        link=lambda target: absolute(target, site=site, page_url=place.url, file=folder / path),
        flaw=flaw,
    )
    markdown = _joined(part for cell in cells for part in _parts(cell, context))
    if not markdown.text:
        flaw(None, "The page is empty.")
    if len(markdown.text) > _MOST_TEXT:
        raise Unreadable(f"Its text is longer than {_MOST_TEXT // 1024**2} MB.")
    found = headings(markdown.text, keep_case=site.rules.keep_case)
    marks = [heading for heading in found if not heading.is_nested]
    firsts = (mark.text for mark in marks if mark.level == 1 and mark.text)
    title = about.title or next(firsts, None) or place.name
    return Document(
        id=place.id,
        path=str(path),
        title=title,
        url=place.url,
        sections=sections(markdown, marks, title),
        flaws=tuple(flaws),
    )


def _cells(notebook: object, flaw: Say) -> list[Json]:
    """Return the cells of a notebook, in order.

    Raises:
        Unreadable: There are none.
    """
    if not isinstance(notebook, dict):
        raise Unreadable("It is not a notebook: it must be an object with cells.", 1)
    found = notebook.get("cells")
    if found is None and isinstance(notebook.get("worksheets"), list):
        sheets = (_mapping(sheet).get("cells") for sheet in notebook["worksheets"])
        found = [cell for cells in sheets if isinstance(cells, list) for cell in cells]
    if not isinstance(found, list):
        raise Unreadable("It is not a notebook: it has no list of cells.", 1)
    cells = [cell for cell in found if isinstance(cell, dict)]
    if len(cells) < len(found):
        flaw(None, "A cell is not an object, and left out.")
    return cells


def _front_matter(cells: list[Json]) -> tuple[docusaurus.FrontMatter, list[Json]]:
    """Part the front matter that the first cell may consist of from the other cells."""
    source = _text(cells[0].get("source")) if cells else None
    if source is None or not source.text.startswith("---\n"):
        return docusaurus.FrontMatter(), cells
    try:
        about, rest = front_matter.part(source.text + "\n")
    except Unreadable as error:
        line = source.lines[min(error.line or 1, len(source.lines)) - 1][0]
        raise Unreadable(error.reason, line) from error
    return about, cells if rest.strip() else cells[1:]


def _parts(cell: Json, context: _Context) -> Iterator[Traced]:
    """Yield what a cell says, and what it printed."""
    kind = _word(cell.get("cell_type"))
    source = _text(cell.get("input") if "input" in cell else cell.get("source"))
    tags = _mapping(cell.get("metadata")).get("tags")
    named = {str(tag).replace("_", "-") for tag in tags} if isinstance(tags, list) else set()
    if kind == "raw" or "remove-cell" in named:
        return
    if source is None or kind not in {"markdown", "code", "heading"}:
        context.flaw(None, "A cell is not understood, and left out.")
        return
    if kind == "heading":
        yield _heading(source, cell.get("level"))
    elif kind == "markdown":
        yield _markdown(source, context)
    if kind == "code" and "remove-input" not in named:
        yield _code(source, cell.get("language"), context)
    if kind == "code" and "remove-output" not in named:
        yield from _outputs(cell.get("outputs"))


def _markdown(source: Traced, context: _Context) -> Traced:
    """Return a cell's Markdown; a fence it leaves open ends with it, and not with the notebook."""
    markdown = to_markdown(
        source, partial=lambda _: None, link=context.link, flaw=context.flaw, is_mdx=False
    )
    closed = f"{markdown.text}\n\n{_END}"
    last = block_parser().parse(closed)[-1]
    if last.type == "fence":
        return Traced(f"{markdown.text}\n{last.markup}", (*markdown.lines, markdown.lines[-1]))
    return markdown


def _heading(source: Traced, level: object) -> Traced:
    """Return a cell of format 3 that is a heading."""
    is_level = isinstance(level, int) and level in range(1, 7)
    hashes = "#" * level if is_level and isinstance(level, int) else "#"
    return Traced(f"{hashes} {' '.join(source.text.split())}", source.lines[:1])


def _code(source: Traced, named: object, context: _Context) -> Traced:
    """Return a cell's code as a fence; a magic such as %%bash says that it is another language."""
    code = source.trimmed()
    magic = _MAGIC.match(code.text)
    language = magic["language"] if magic else context.language
    if not magic and isinstance(named, str) and _LANGUAGE.fullmatch(named):
        language = named
    return _fence(code, language)


def _fence(code: Traced, language: str) -> Traced:
    if not code.text:
        return code
    longest = max((len(run) for run in _BACKTICKS.findall(code.text)), default=2)
    marks = "`" * (longest + 1)
    lines = (code.lines[0], *code.lines, code.lines[-1])
    return Traced(f"{marks}{language}\n{code.text}\n{marks}", lines)


def _outputs(outputs: object) -> Iterator[Traced]:
    """Yield the beginning of what a cell printed or returned, as text; no errors, no pictures."""
    for output in outputs if isinstance(outputs, list) else ():
        shown = _mapping(output)
        kind = _word(shown.get("output_type"))
        if kind == "stream" and shown.get("name", shown.get("stream")) != "stderr":
            said = _text(shown.get("text"))
        elif kind in {"execute_result", "display_data", "pyout"}:
            said = _text(_mapping(shown.get("data")).get("text/plain", shown.get("text")))
        else:
            continue
        if said is None or _BARE_OBJECT.fullmatch(said.text):
            continue
        plain = said.with_text(_ESCAPES.sub("", said.text)).trimmed()
        lines = plain.text[:_OUTPUT_CHARACTERS].split("\n")[:_OUTPUT_LINES]
        yield _fence(Traced("\n".join(lines), plain.lines[: len(lines)]).trimmed(), "text")


def _text(value: object) -> Traced | None:
    """Return a text that may be cut into lines, with the lines of the file; None for no text."""
    given = value if isinstance(value, list) else [value]
    parts = [part for part in given if isinstance(part, Located)]
    if len(parts) < len(given):
        return None
    rows: list[tuple[str, int]] = [("", parts[0].line if parts else 1)]
    for part in parts:
        for number, piece in enumerate(part.split("\n")):
            if number:
                rows.append(("", part.line))
            above, line = rows[-1]
            rows[-1] = (above + piece, line if above else part.line)
    return Traced("\n".join(row for row, _ in rows), tuple((line, line) for _, line in rows))


def _joined(parts: Iterator[Traced]) -> Traced:
    texts: list[str] = []
    lines: list[Lines] = []
    for part in parts:
        if part.text:
            lines += [lines[-1]] if lines else []
            lines += part.lines
            texts.append(part.text)
    return Traced("\n\n".join(texts), tuple(lines) or ((1, 1),))


def _language(metadata: Json) -> str:
    """Return the language of a notebook's kernel, "" if it does not say."""
    told = (
        _mapping(metadata.get("language_info")).get("name"),
        _mapping(metadata.get("kernelspec")).get("language"),
    )
    names = (name for name in told if isinstance(name, str) and _LANGUAGE.fullmatch(name))
    return next(names, "")


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}
