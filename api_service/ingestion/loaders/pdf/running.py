"""Running heads and feet: what stands on page after page, and is no part of the text."""

import re
from collections import Counter
from dataclasses import replace

from api_service.ingestion.loaders.pdf.pages import Line, Page

_OUTERMOST = 2  # lines at a page's top and at its bottom
_OFTEN = 3  # pages
_GRID = 6  # points
_OUTER_NUMBER = re.compile(r"^\s*\d{1,5}\b|\b\d{1,5}\s*$")
_NUMBER = re.compile(r"\d+|\b[ivxlcdm]+\b")


def without_running(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """Return the pages without what several of them have at their edge, but for a number.

    A line goes, too, whose number grows with the pages, as in "Chapter 2: Arms 14".
    """
    outer = [_outer(page) for page in pages]
    found = Counter(
        key
        for number, lines in enumerate(outer)
        for key in set().union(*(_keys(line, number) for line in lines))
    )
    return tuple(
        replace(
            page,
            lines=tuple(
                line
                for line in page.lines
                if line not in outer[number]
                or all(found[key] < _OFTEN for key in _keys(line, number))
            ),
        )
        for number, page in enumerate(pages)
    )


def _outer(page: Page) -> list[Line]:
    ordered = sorted(page.lines, key=lambda line: line.bottom)
    return ordered[:_OUTERMOST] + ordered[-_OUTERMOST:]


def _keys(line: Line, number: int) -> set[tuple[str | int, int]]:
    """Return what a line at the edge of a page has in common with those of other pages."""
    place = round(line.bottom / _GRID)
    counted = [int(digits) - number for digits in _OUTER_NUMBER.findall(line.text)]
    return {(_NUMBER.sub("#", line.text.casefold()), place), *((count, place) for count in counted)}
