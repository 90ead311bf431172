"""Named types of the wire that more than one room speaks."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

MESSAGE_LENGTH = 4000
"""Longest question, in characters."""

SEARCH_LENGTH = 500
"""Longest text searched for, in characters."""


def _printable(text: str) -> str:
    if any(unicodedata.category(each) == "Cc" and each not in "\n\r\t" for each in text):
        raise ValueError("Control characters other than line breaks and tabs are not allowed")
    return text


Message = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MESSAGE_LENGTH),
    AfterValidator(_printable),
]
"""A question; white space around it does not count."""

SearchText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=SEARCH_LENGTH),
    AfterValidator(_printable),
]
"""Words to search for; white space around them does not count."""
