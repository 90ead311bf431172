"""Markers [n] in an answer as it comes: found where they are no code, removed if they name nothing.

Code is left alone: `items[1]` cites nothing.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<ticks>`+)|(?P<break>\n\s*\n)| ?\[(?P<numbers>\d{1,3}(?:\s*,\s*\d{1,3})*)\]"
)
# What may yet become a token when more text arrives.
_OPEN_END = re.compile(r"(?:`+| ?\[[\d,\s]{0,20}|\n\s*| )\Z")
_BLOCK_FENCE = 3  # backticks; fewer enclose words of one paragraph


@dataclass(frozen=True, slots=True)
class Marks:
    """Markers as a model has written them.

    Attributes:
        text: Such as " [1, 3]", with the space before it.
        numbers: Such as 1 and 3.
    """

    text: str
    numbers: tuple[int, ...]


class Scanner:
    """Parts a text that comes in pieces into words and markers, each as soon as it is certain."""

    def __init__(self) -> None:
        self._held = ""
        self._fence = ""

    def feed(self, piece: str) -> list[str | Marks]:
        """Return what is certain by now; words are never empty."""
        text = self._held + piece
        end = _OPEN_END.search(text)
        certain = end.start() if end else len(text)
        self._held = text[certain:]
        return [part for part in self._parted(text[:certain]) if part]

    def finish(self) -> list[str | Marks]:
        """Return the rest."""
        held, self._held = self._held, ""
        return [part for part in self._parted(held) if part]

    def _parted(self, text: str) -> Iterator[str | Marks]:
        place = 0
        for token in _TOKEN.finditer(text):
            yield text[place : token.start()]
            yield self._read(token)
            place = token.end()
        yield text[place:]

    def _read(self, token: re.Match[str]) -> str | Marks:
        if ticks := token["ticks"]:
            if not self._fence:
                self._fence = ticks
            elif self._fence == ticks:
                self._fence = ""
        elif token["break"] and len(self._fence) < _BLOCK_FENCE:
            self._fence = ""
        if self._fence or not token["numbers"]:
            return token[0]
        return Marks(token[0], tuple(map(int, token["numbers"].split(","))))


async def with_known_markers(pieces: AsyncIterator[str], known: int) -> AsyncGenerator[str]:
    """Yield the same text without markers that name no source.

    Args:
        pieces: The text.
        known: How many sources there are; the markers [1] to [known] are right.
    """

    def kept(parts: list[str | Marks]) -> str:
        return "".join(_kept(part, known) if isinstance(part, Marks) else part for part in parts)

    scanner = Scanner()
    async for piece in pieces:
        if text := kept(scanner.feed(piece)):
            yield text
    if text := kept(scanner.finish()):
        yield text


def _kept(marks: Marks, known: int) -> str:
    right = [number for number in marks.numbers if 1 <= number <= known]
    space = " " if marks.text.startswith(" ") and right else ""
    return space + "".join(f"[{number}]" for number in right)
