"""The headings of a PDF file, and the lines that show them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from api_service.ingestion.loaders.pdf.layout import clean
from api_service.ingestion.loaders.pdf.pages import Bookmark, Line, Page

_LARGER = 1.15  # than the text: a heading, where there is no outline
_LONGEST = 120  # characters
_LEVELS = 3
_NUMBERING = re.compile(
    r"(?:appendix|chapter|lesson|part|section)?(?:[a-z]?\d{1,6}|[ivxlc]{0,6})"
)  # what may stand before a heading's words, without signs: "Chapter 12. ", "A.1 "
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A heading.

    Attributes:
        page: On which it stands, from 0.
        start: The first of that page's lines that show it.
        end: The line after the last; `start` for one that no line shows.
        level: From 1.
        text: Its words.
    """

    page: int
    start: int
    end: int
    level: int
    text: str


def headings(pages: tuple[Page, ...], bookmarks: tuple[Bookmark, ...]) -> list[Mark]:
    """Return the headings in the order of the pages: the outline's, else the larger lines."""
    if bookmarks:
        return sorted(_outlined(pages, bookmarks), key=lambda mark: (mark.page, mark.start))
    return list(_larger(pages))


def largest(page: Page, usual: float) -> str:
    """Return what stands in the largest letters on a page, "" if they are the usual ones."""
    size = max((line.size for line in page.lines), default=0)
    if size < _LARGER * usual:
        return ""
    said = " ".join(clean(line.text) for line in page.lines if line.size == size)
    return " ".join(said.split()) if len(said) <= _LONGEST else ""


def usual_size(pages: tuple[Page, ...]) -> float:
    """Return the size in which most of a file is set."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.size)] += 0 if line.is_fixed else len(line.text)
    return max(sizes, key=lambda size: sizes[size], default=1)


def _outlined(pages: tuple[Page, ...], bookmarks: tuple[Bookmark, ...]) -> Iterator[Mark]:
    ends: Counter[int] = Counter()
    for bookmark in bookmarks:
        if bookmark.page >= len(pages):
            continue
        lines = pages[bookmark.page].lines
        text = " ".join(clean(bookmark.title).split())
        start, end = _shown(lines, text, ends[bookmark.page])
        ends[bookmark.page] = end
        yield Mark(bookmark.page, start, end, bookmark.level + 1, text)


def _shown(lines: tuple[Line, ...], title: str, start: int) -> tuple[int, int]:
    """Return the lines that show a heading, one or two, or the place where they should stand."""
    wanted = _bare(title)
    for length in (1, 2) if wanted else ():
        for number in range(start, len(lines) - length + 1):
            said = _bare("".join(line.text for line in lines[number : number + length]))
            if said.endswith(wanted) and _NUMBERING.fullmatch(said[: -len(wanted)]):
                return number, number + length
    return start, start


def _bare(text: str) -> str:
    return _SIGNS.sub("", clean(text).casefold())


def _larger(pages: tuple[Page, ...]) -> Iterator[Mark]:
    usual = usual_size(pages)
    sizes = {round(line.size) for page in pages for line in page.lines if _is_larger(line, usual)}
    levels = {size: min(n, _LEVELS) for n, size in enumerate(sorted(sizes, reverse=True), 1)}
    for number, page in enumerate(pages):
        start = 0
        while start < len(page.lines):
            first = page.lines[start]
            end = start + 1
            if not _is_larger(first, usual):
                start = end
                continue
            while end < len(page.lines) and page.lines[end].size == first.size:
                end += 1
            text = " ".join(clean(line.text) for line in page.lines[start:end])
            if len(text) <= _LONGEST and _bare(text):
                yield Mark(number, start, end, levels[round(first.size)], " ".join(text.split()))
            start = end


def _is_larger(line: Line, usual: float) -> bool:
    return not line.is_fixed and round(line.size) >= _LARGER * usual
