"""Running heads and feet: what stands on page after page, and is no part of the text."""

import re
from collections import Counter
from dataclasses import replace

from api_service.ingestion.loaders.pdf.pages import Line, Page

_OUTERMOST = 2  # lines at a page's top and at its bottom
_OFTEN = 3  # pages
_GRID = 6  # points
_NUMBER = re.compile(r"\d+|\b[ivxlcdm]+\b")


def without_running(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """Return the pages without the heads and feet that several of them share but for a number."""
    found = Counter(key for page in pages for key in {_key(line) for line in _outer(page)})
    return tuple(
        replace(
            page,
            lines=tuple(
                line
                for line in page.lines
                if found[_key(line)] < _OFTEN or line not in _outer(page)
            ),
        )
        for page in pages
    )


def _outer(page: Page) -> list[Line]:
    ordered = sorted(page.lines, key=lambda line: line.bottom)
    return ordered[:_OUTERMOST] + ordered[-_OUTERMOST:]


def _key(line: Line) -> tuple[str, int]:
    return _NUMBER.sub("#", line.text.casefold()), round(line.bottom / _GRID)
