"""Markers [n] in an answer: those that name no source are removed, the others are collected."""

import re
from collections.abc import AsyncIterator

_TOKEN = re.compile(
    r"(?P<ticks>`+)|(?P<break>\n\s*\n)| ?\[(?P<numbers>\d{1,3}(?:\s*,\s*\d{1,3})*)\]"
)
# What may yet become a token when more text arrives.
_OPEN_END = re.compile(r"(?:`+| ?\[[\d,\s]{0,20}|\n\s*| )\Z")
_BLOCK_FENCE = 3  # backticks; fewer enclose words of one paragraph


class Citations:
    """Checks the markers of one answer as its pieces arrive.

    Code is left alone: `items[1]` cites nothing.

    Args:
        known: How many sources there are; the markers [1] to [known] are right.
    """

    def __init__(self, known: int) -> None:
        self.cited: set[int] = set()
        self._known = known
        self._fence = ""

    async def check(self, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
        """Yield the same text without markers that name no source, as soon as it is certain."""
        held = ""
        async for piece in pieces:
            text = held + piece
            end = _OPEN_END.search(text)
            certain = end.start() if end else len(text)
            held = text[certain:]
            if checked := self._checked(text[:certain]):
                yield checked
        if checked := self._checked(held):
            yield checked

    def _checked(self, text: str) -> str:
        return _TOKEN.sub(self._replaced, text)

    def _replaced(self, token: re.Match[str]) -> str:
        if ticks := token["ticks"]:
            if not self._fence:
                self._fence = ticks
            elif self._fence == ticks:
                self._fence = ""
            return token[0]
        if token["break"]:
            if len(self._fence) < _BLOCK_FENCE:
                self._fence = ""
            return token[0]
        if self._fence:
            return token[0]
        numbers = [int(number) for number in token["numbers"].split(",")]
        right = [number for number in numbers if 1 <= number <= self._known]
        self.cited.update(right)
        space = " " if token[0].startswith(" ") and right else ""
        return space + "".join(f"[{number}]" for number in right)
