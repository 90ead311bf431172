"""Running heads and feet: what stands on page after page, and is no part of the text."""

import re
from collections import Counter
from dataclasses import replace

from api_service.ingestion.loaders.pdf.pages import Line, Page

_MARGIN = 0.08  # of the height that a file's lines take, at the top and at the bottom
_OFTEN = 3  # pages
_GRID = 6  # points
_OUTER_NUMBER = re.compile(r"^\s*\d{1,5}\b|\b\d{1,5}\s*$")
_NUMBER = re.compile(r"\d+|\b[ivxlcdm]+\b")

Key = tuple[str | int, int]


def without_running(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """Return the pages without what several of them have at their edge, but for a number.

    A line goes, too, whose number grows with the pages, as in "Chapter 2: Arms 14". A page that
    would be empty stays as it is.
    """
    heights = [line.bottom for page in pages for line in page.lines]
    top, bottom = max(heights), min(heights)
    low, high = bottom + _MARGIN * (top - bottom), top - _MARGIN * (top - bottom)
    keys = [
        {line: _keys(line, number) for line in page.lines if not low < line.bottom < high}
        for number, page in enumerate(pages)
    ]
    found: Counter[Key] = Counter()
    for of_page in keys:
        found.update({key for of_line in of_page.values() for key in of_line})
    made: list[Page] = []
    for page, of_page in zip(pages, keys, strict=True):
        running = {
            line for line, own in of_page.items() if any(found[key] >= _OFTEN for key in own)
        }
        kept = tuple(line for line in page.lines if line not in running)
        made.append(replace(page, lines=kept or page.lines))
    return tuple(made)


def _keys(line: Line, number: int) -> set[Key]:
    """Return what a line at the edge of a page has in common with those of other pages."""
    place = round(line.bottom / _GRID)
    counted = [int(digits) - number for digits in _OUTER_NUMBER.findall(line.text)]
    return {(_NUMBER.sub("#", line.text.casefold()), place), *((count, place) for count in counted)}
