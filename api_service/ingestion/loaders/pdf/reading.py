"""Reads a PDF file's lines, in a process of its own: `python reading.py FILE`.

A file may be made to take all memory and time there is, or to crash the library that reads it, so
this runs apart, within limits. It writes JSON: on the first line what the file says of itself, on
each further one the lines of a page. It imports nothing of this package, to start quickly.
"""

import contextlib
import ctypes
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

MEMORY = 1024**3
"""Bytes of address space."""

SECONDS = 180
"""Of processor time."""

MOST_PAGES = 20_000
MOST_CHARACTERS = 10_000_000
_MOST_BOOKMARKS = 10_000
_LONGEST_TITLE = 300  # characters
_WIDE = 1.2  # so many times its size between two words of a line begins another column
_BOLD = 600
_FIXED_PITCH = 1  # of a font's flags (ISO 32000-1, table 123)
_FIXED_NAME = re.compile(rb"mono|courier|consol|typewriter|cmtt|sftt")  # not every font is flagged
_HYPHEN = "\x02"  # what PDFium gives for a hyphen at the end of a line, and for the line's end
_ENDS = frozenset(("\r", "\n", _HYPHEN))

Json = dict[str, Any]


def main() -> None:
    """Write what the file named on the command line holds."""
    _limit()
    for line in told(Path(sys.argv[1])):
        sys.stdout.write(json.dumps(line) + "\n")


def told(path: Path) -> Iterator[Json]:
    """Yield what a file says of itself, then its pages; a refusal instead, as {"refused": code}.

    A page is {"lines": [...]}, with {"pictures": true} where it has no line but a picture. A line
    has the members of `pages.Line`.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        yield {"refused": error.err_code or raw.FPDF_ERR_UNKNOWN}
        return
    with contextlib.closing(document):
        count = len(document)
        yield {
            "title": _said(lambda: document.get_metadata_value("Title")),
            "pages": count,
            "bookmarks": list(_bookmarks(document)),
        }
        characters = 0
        for number in range(min(count, MOST_PAGES)):
            page = _page(document, number)
            characters += sum(len(line["text"]) for line in page["lines"])
            if characters > MOST_CHARACTERS:
                return
            yield page


def _limit() -> None:
    if sys.platform != "win32":
        import resource

        limits = ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS))
        for kind, most in limits:
            with contextlib.suppress(ValueError, OSError):  # not every system has each of them
                resource.setrlimit(kind, (most, most))


def _bookmarks(document: pdfium.PdfDocument) -> Iterator[Json]:
    for bookmark in itertools.islice(document.get_toc(), _MOST_BOOKMARKS):
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        title = _said(bookmark.get_title)
        if page is not None and title:
            yield {"level": bookmark.level, "title": title, "page": page}


def _said(text: Callable[[], str]) -> str:
    """Return a text on one line, "" for one that is not in the encoding it should be in."""
    try:
        return " ".join(text().split())[:_LONGEST_TITLE]
    except UnicodeDecodeError:
        return ""


def _page(document: pdfium.PdfDocument, number: int) -> Json:
    try:
        page = document[number]
    except pdfium.PdfiumError:
        return {"lines": [], "broken": True}
    with contextlib.closing(page):
        with contextlib.closing(page.get_textpage()) as text:
            lines = list(_lines(text))
        if lines:
            return {"lines": lines}
        pictures = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
        return {"lines": [], "pictures": next(pictures, None) is not None}


def _lines(page: pdfium.PdfTextPage) -> Iterator[Json]:
    characters = [chr(raw.FPDFText_GetUnicode(page, n)) for n in range(page.count_chars())]
    start = 0
    for end in range(len(characters) + 1):
        if end < len(characters) and characters[end] not in _ENDS:
            continue
        if line := _line(page, characters, start, end):
            if end < len(characters) and characters[end] == _HYPHEN:
                line["text"] += "\u00ad"
            yield line
        start = end + 1


def _line(page: pdfium.PdfTextPage, characters: list[str], start: int, end: int) -> Json | None:
    seen = [n for n in range(start, end) if not characters[n].isspace()]
    if not seen:
        return None
    first, last = page.get_charbox(seen[0], loose=True), page.get_charbox(seen[-1], loose=True)
    middle = seen[len(seen) // 2]
    size = max(first[3] - first[1], 0.1)
    is_fixed = all(_is_fixed(page, n) for n in {seen[0], middle, seen[-1]})
    return {
        "text": _set_out(page, characters, seen, size, is_fixed=is_fixed),
        "left": round(first[0], 1),
        "right": round(last[2], 1),
        "bottom": round(first[1], 1),
        "size": round(size, 1),
        "is_fixed": is_fixed,
        "is_bold": all(_is_bold(page, n) for n in (seen[0], seen[-1])),
        "width": round(first[2] - first[0], 2),
    }


def _set_out(
    page: pdfium.PdfTextPage, characters: list[str], seen: list[int], size: float, *, is_fixed: bool
) -> str:
    """Return a line's text; where words stand far apart, with a tab, or spaces in code."""
    pieces = [characters[seen[0]]]
    for before, after in itertools.pairwise(seen):
        if after > before + 1:
            end = page.get_charbox(before, loose=True)
            gap = page.get_charbox(after, loose=True)[0] - end[2]
            if is_fixed:
                pieces.append(" " * max(round(gap / max(end[2] - end[0], 0.1)), 1))
            else:
                pieces.append("\t" if gap > size * _WIDE else " ")
        pieces.append(characters[after])
    return "".join(pieces)


def _is_fixed(page: pdfium.PdfTextPage, number: int) -> bool:
    name, flags = _font(page, number)
    return bool(flags & _FIXED_PITCH) or _FIXED_NAME.search(name) is not None


def _is_bold(page: pdfium.PdfTextPage, number: int) -> bool:
    return raw.FPDFText_GetFontWeight(page, number) >= _BOLD or b"bold" in _font(page, number)[0]


def _font(page: pdfium.PdfTextPage, number: int) -> tuple[bytes, int]:
    """Return the name of a character's font in lower case, and the font's flags."""
    flags = ctypes.c_int()
    name = ctypes.create_string_buffer(100)
    raw.FPDFText_GetFontInfo(page, number, name, len(name), flags)
    return name.value.lower(), flags.value


if __name__ == "__main__":
    main()
