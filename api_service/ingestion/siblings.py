"""Joins tiny sections that follow each other: alone, they say too little to be found."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from api_service.documents import Section
from api_service.token_counts import count_tokens

_TINY = 16  # a section of less than this part of the budget is too short to stand alone
_CHARACTERS = 12  # to a token, where words are long


def joined(sections: Sequence[Section], max_tokens: int) -> Iterator[Section]:
    """Yield the sections; tiny ones that follow each other under one parent are joined.

    What is joined stands under the first one's headings, the others' as lines of the text. Only
    sections with nothing below them are joined, or headings would be over what they do not head.
    """
    held: Section | None = None
    size = 0
    for section, below in zip_longest(sections, sections[1:]):
        tokens = _tiny_size(section, below, max_tokens)
        if held and tokens and _are_siblings(held, section) and size + tokens <= max_tokens // 4:
            held, size = _with_sibling(held, section), size + tokens
            continue
        if held:
            yield held
        held, size = (section, tokens) if tokens else (None, 0)
        if held is None:
            yield section
    if held:
        yield held


def _tiny_size(section: Section, below: Section | None, max_tokens: int) -> int:
    """Return a tiny section's tokens; 0 for one that is not tiny, is empty or has others below.

    One under no heading has no sibling.
    """
    depth = len(section.heading_path)
    has_others = below is not None and below.heading_path[:depth] == section.heading_path
    most = max_tokens // _TINY
    # A text of so many characters is not tiny, and need not be counted.
    if not depth or has_others or not section.text or len(section.text) > most * _CHARACTERS:
        return 0
    tokens = count_tokens(f"{section.heading_path[-1]}\n{section.text}")
    return tokens if tokens <= most else 0


def _are_siblings(section: Section, other: Section) -> bool:
    path, its = section.heading_path, other.heading_path
    return bool(section.anchor and other.anchor) and len(its) > 1 and path[:-1] == its[:-1]


def _with_sibling(section: Section, other: Section) -> Section:
    """Join two sections; the second one's heading comes from the line above its text."""
    heading = f"{'#' * min(len(other.heading_path), 6)} {other.heading_path[-1]}"
    lines: tuple[tuple[int, int], ...] = ()
    if section.lines and other.lines:
        lines = (*section.lines, section.lines[-1], other.lines[0], other.lines[0], *other.lines)
    text = f"{section.text}\n\n{heading}\n\n{other.text}"
    return replace(section, text=text, lines=lines)
