"""Where a source's link leads, found in the book's files without the product's own code."""

import re
from pathlib import Path
from typing import Any

_HEADING = re.compile(r"^#{1,6} (?P<text>.*?)(?: *\[\[(?P<id>[^]]+)\]\])?$", re.MULTILINE)


def section_at(book: Path, base_url: str, source: dict[str, Any]) -> str:
    """Return the text from the heading that `url#anchor` names to the next heading.

    Raises:
        AssertionError: No page or no heading is there.
    """
    address = source["url"].removeprefix(f"{base_url}/")
    pages = [page for page in book.rglob("*.md*") if page.with_suffix("").name == address]
    assert pages, source["url"]
    text = re.sub(r"```.*?```", "", pages[0].read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = list(_HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if source["anchor"] in {heading["id"], slug(heading["text"])}:
            return text[heading.start() : following.start() if following else len(text)]
    assert source["anchor"] == "", source
    return text[: headings[1].start()] if headings[1:] else text


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
