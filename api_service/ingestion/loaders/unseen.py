"""Characters that nobody sees, taken out of a page: words in them would reach a model unread.

Letters of Unicode's tag block spell whole sentences that no reader sees; zero-width characters part
words that then are not found; overrides of a line's direction show another text than is stored.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from api_service.documents import Document, Flaw, Section

_TAGS = 0xE0000  # before the code of each letter that nobody sees
# Joiners stay between letters that they join, as Persian and emoji have them, and one variation
# selector after what it varies: more of them in a row can only carry something.
_UNSEEN = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]{2,6}\U000e007f)"  # of a region, an emoji
    "|(?P<words>[\U000e0020-\U000e007e]+)"
    "|[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)"
    "|(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)
_QUIET = "\u00ad\u200e\u200f\ufeff"  # typography, which is not told of
_LONGEST = 60  # characters of what is told


def without_unseen(document: Document) -> Document:
    """Return a page without characters that nobody sees; a flaw tells of the first."""
    sections = tuple(_cleared(section) for section in document.sections)
    title = _seen(document.title)
    if title == document.title and sections == document.sections:
        return document
    found = next((flaw for section in document.sections for flaw in _flaws(section)), None)
    flaws = (*document.flaws, found) if found else document.flaws
    return replace(document, title=title, sections=sections, flaws=flaws)


def _cleared(section: Section) -> Section:
    text = _seen(section.text)
    path = tuple(_seen(heading) for heading in section.heading_path)
    if text == section.text and path == section.heading_path:
        return section
    return replace(section, text=text, heading_path=path)


def _seen(text: str) -> str:
    if text.isascii():
        return text
    return _UNSEEN.sub(lambda found: found["flag"] or "", text)


def _flaws(section: Section) -> Iterator[Flaw]:
    for text, lines in ((" ".join(section.heading_path), ()), (section.text, section.lines)):
        for found in () if text.isascii() else _UNSEEN.finditer(text):
            if found["flag"] or not found[0].strip(_QUIET):
                continue
            number = text.count("\n", 0, found.start())
            line = lines[number][0] if number < len(lines) else None
            words = "".join(chr(ord(each) - _TAGS) for each in found["words"] or "")
            what = f"{words[:_LONGEST]!r}" if words else f"U+{ord(found[0][0]):04X}"
            yield Flaw(line, f"What nobody sees is left out: {what}.")
