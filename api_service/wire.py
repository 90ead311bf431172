"""Named types of the wire that more than one room speaks."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

MESSAGE_LENGTH = 4000
"""Longest question, in characters."""

SEARCH_LENGTH = 500
"""Longest text searched for, in characters."""

TURN_LENGTH = 8000
"""Longest text of an earlier turn, in characters; twice what an answer comes to."""

SELECTION_LENGTH = 4000
"""Longest passage marked on a page, in characters."""

ADDRESS_LENGTH = 2000
"""Longest address of a page, in characters."""


def _composed(text: object) -> object:
    """Return a text in Unicode's form C: what looks alike is alike, before anything is counted."""
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


def _visible(text: str) -> str:
    if not any(unicodedata.category(each)[0] in "LNPS" for each in text):
        raise ValueError("There is nothing to read in it")
    return text


def _printable(text: str) -> str:
    if any(unicodedata.category(each) == "Cc" and each not in "\n\r\t" for each in text):
        raise ValueError("Control characters other than line breaks and tabs are not allowed")
    return text


Message = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MESSAGE_LENGTH),
    AfterValidator(_printable),
    AfterValidator(_visible),
    BeforeValidator(_composed),
]
"""A question; white space around it does not count."""

SearchText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=SEARCH_LENGTH),
    AfterValidator(_printable),
    AfterValidator(_visible),
    BeforeValidator(_composed),
]
"""Words to search for; white space around them does not count."""

TurnText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=TURN_LENGTH),
    AfterValidator(_printable),
    BeforeValidator(_composed),
]
"""What was said before; an answer that failed may have been empty."""

SelectedText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=SELECTION_LENGTH),
    AfterValidator(_printable),
    BeforeValidator(_composed),
]
"""A passage the reader has marked; "" for none."""

PageUrl = Annotated[
    str,
    StringConstraints(max_length=ADDRESS_LENGTH, pattern=r"^((https?://|/)[!-~]*)?$"),
]
"""The address, or the path, of the page the reader has open; "" where it is not known."""
