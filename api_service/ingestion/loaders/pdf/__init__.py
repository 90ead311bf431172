"""Loads a PDF file: its text page by page, so that a link opens the very page.

Headings come from the outline that the file brings (its bookmarks), else from the size of the
letters. `url#page=12` is understood by browsers (RFC 8118, section 3).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from api_service.documents import Document, Flaw, Section
from api_service.ingestion.loaders.files import Unreadable, check
from api_service.ingestion.loaders.pdf.headings import Mark, headings, largest, usual_size
from api_service.ingestion.loaders.pdf.layout import Block, blocks, clean, goes_on, joined, words
from api_service.ingestion.loaders.pdf.pages import Page, Pdf, read
from api_service.ingestion.loaders.pdf.running import without_running

MAX_BYTES = 200 * 1024 * 1024
"""Most of a PDF file is pictures and fonts."""

_UNTITLED = frozenset({"untitled", "unknown", "document"})
_FILE_NAME = re.compile(r"^Microsoft |\.(?:docx?|dvi|indd|odt|pdf|pptx?|qxd|tex)$", re.IGNORECASE)
_NAMED = 10  # pages
_SAFE = "/:@!$&'()*+,;=~"


def load(folder: Path, path: PurePosixPath, *, base_url: str) -> Document | None:
    """Load one file.

    Args:
        folder: The book's folder.
        path: The file, relative to it.
        base_url: Where the book is served.

    Raises:
        Unreadable: It cannot be read, it holds no text, or the package that reads PDF is not
            installed.
    """
    try:
        import pypdfium2  # noqa: F401 - it is used in another process
    except ModuleNotFoundError as error:
        raise Unreadable(
            "Reading PDF needs another package: pip install 'ai-book-backend[api,formats]'."
        ) from error
    check(folder / path, most=MAX_BYTES)
    pdf = read(folder / path)
    if not any(page.lines for page in pdf.pages):
        raise Unreadable("It holds no text; it may be a scan.")
    kept = without_running(pdf.pages)
    title = _title(pdf, path)
    return Document(
        id=str(path.with_suffix("")),
        path=str(path),
        title=title,
        url=f"{base_url.rstrip('/')}/{quote(str(path), safe=_SAFE)}",
        sections=tuple(_sections(kept, headings(kept, pdf.bookmarks), title)),
        flaws=tuple(_flaws(pdf)),
    )


def _title(pdf: Pdf, path: PurePosixPath) -> str:
    """Return the title a file gives itself, else its largest line, else the file's name."""
    told = " ".join(clean(pdf.title).split())
    if told and told.casefold() not in _UNTITLED and not _FILE_NAME.search(told):
        return told
    first = next(page for page in pdf.pages if page.lines)
    return largest(first, usual_size(pdf.pages)) or path.stem


def _sections(pages: tuple[Page, ...], marks: list[Mark], title: str) -> Iterator[Section]:
    """Yield a section for each page and each heading on it, sentences whole across pages."""
    known = words(line for page in pages for line in page.lines)
    held: tuple[_Part, ...] = ()
    for part in _parts(pages, marks, title, known):
        if held and part.goes_on and goes_on(held[-1].blocks[-1], part.blocks[0]):
            last = Block(joined(held[-1].blocks[-1].text, part.blocks[0].text, known))
            held = (replace(held[-1], blocks=[*held[-1].blocks[:-1], last]),)
            part = replace(part, blocks=part.blocks[1:])  # noqa: PLW2901 - its beginning has moved
        if not part.blocks:
            continue
        yield from map(_section, held)
        held = (part,)
    yield from map(_section, held)


def _parts(
    pages: tuple[Page, ...], marks: list[Mark], title: str, known: frozenset[str]
) -> Iterator["_Part"]:
    by_page = {number: list(group) for number, group in groupby(marks, lambda mark: mark.page)}
    above: list[Mark] = []
    for number, page in enumerate(pages):
        here = by_page.get(number, [])
        ends = [*(mark.start for mark in here), len(page.lines)]
        for place in range(len(ends)):
            start = 0
            if place:
                mark = here[place - 1]
                start = mark.end
                above = [heading for heading in above if heading.level < mark.level]
                if mark.text.casefold() != title.casefold():
                    above.append(mark)
            path = (title, *(heading.text for heading in above))
            if made := blocks(list(page.lines[start : ends[place]]), known):
                yield _Part(path, number, made, goes_on=not place)


def _section(part: "_Part") -> Section:
    return Section(part.path, f"page={part.page + 1}", "\n\n".join(b.text for b in part.blocks))


def _flaws(pdf: Pdf) -> Iterator[Flaw]:
    pictures = [number for number, page in enumerate(pdf.pages, 1) if page.is_picture]
    if pictures:
        named = ", ".join(map(str, pictures[:_NAMED])) + (" ..." if len(pictures) > _NAMED else "")
        yield Flaw(None, f"Some pages hold pictures and no text; they may be scans: {named}.")
    if pdf.count > len(pdf.pages):
        yield Flaw(None, f"Only the first {len(pdf.pages)} of its {pdf.count} pages are read.")


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands under one heading on one page; it may go on what the page before ended with."""

    path: tuple[str, ...]
    page: int
    blocks: list[Block]
    goes_on: bool
