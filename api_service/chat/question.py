"""A question as the story of its answer has it, whatever voice it was asked in."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said before in the same conversation, as the reader's program sends it."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Reader:
    """What the token tells of the reader, in the reader's own words: data, never an order.

    Attributes:
        software_background: What they know of software; "" if it is not known, as for all.
        hardware_background: What they know of hardware.
        interest_area: What they want to learn.
    """

    software_background: str = ""
    hardware_background: str = ""
    interest_area: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        message: The reader's own words.
        history: What was said before, oldest first.
        selected_text: A passage the reader has marked and asks about; "" for none.
        page_url: The page the reader has open; "" if it is not known.
        reader: Who asks.
    """

    message: str
    history: tuple[Turn, ...] = ()
    selected_text: str = ""
    page_url: str = ""
    reader: Reader = Reader()
