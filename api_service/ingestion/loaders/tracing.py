"""Text that is rewritten, while every line of it still knows the lines it comes from."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Union

Lines = tuple[int, int]
"""The first and the last line, both included."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A text, and for each of its lines where that comes from."""

    text: str
    lines: tuple[Lines, ...]

    @classmethod
    def of(cls, text: str, *, first: int = 1) -> "Traced":
        """Return a text nobody has changed; its first line has the number `first`."""
        return cls(text, tuple((n, n) for n in range(first, first + text.count("\n") + 1)))

    def with_text(self, text: str) -> "Traced":
        """Return another text of as many lines."""
        return Traced(text, self.lines)

    def sub(
        self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], "Replacement"]
    ) -> "Traced":
        """Replace every match, as `re.sub` does."""
        return self.edited(
            (match.start(), match.end(), replacement(match))
            for match in pattern.finditer(self.text)
        )

    def edited(self, edits: "Iterable[Edit]") -> "Traced":
        """Replace some stretches.

        Args:
            edits: In order; one that begins inside another is left out.
        """
        writer = _Writer(self.lines[0])
        position = line = 0
        for start, end, replacement in edits:
            if start < position:
                continue
            kept = self.text[position:start]
            here = line + kept.count("\n")
            writer.write(kept, self.lines[line : here + 1])
            line = here + self.text.count("\n", start, end)
            if isinstance(replacement, Traced):
                writer.write(replacement.text, replacement.lines)
            elif replacement:
                span = (self.lines[here][0], self.lines[line][1])
                writer.write(replacement, (span,) * (replacement.count("\n") + 1))
            position = end
        if not position:
            return self
        writer.write(self.text[position:], self.lines[line:])
        return writer.written()

    def trimmed(self) -> "Traced":
        """Return the text without empty lines before it and blanks after it."""
        text = self.text.rstrip()
        body = text.lstrip("\n")
        skipped = len(text) - len(body)
        return Traced(body, self.lines[skipped : skipped + body.count("\n") + 1])


Replacement = Union[str, Traced]  # noqa: UP007 -- Traced is named here before type checkers see `|`
Edit = tuple[int, int, Replacement]


class LineIndex:
    """Finds the line of a position in a text that does not change."""

    def __init__(self, traced: Traced) -> None:
        self._traced = traced
        self._ends = [match.start() for match in re.finditer("\n", traced.text)]

    def line(self, position: int) -> int:
        """Return the first line that the line of a position comes from."""
        return self._traced.lines[bisect_left(self._ends, position)][0]

    def slice(self, start: int, end: int) -> Traced:
        """Return a stretch of the text."""
        first, last = bisect_left(self._ends, start), bisect_left(self._ends, end)
        return Traced(self._traced.text[start:end], self._traced.lines[first : last + 1])


class _Writer:
    """Puts pieces together; a line that several of them make comes from the lines of them all."""

    def __init__(self, start: Lines) -> None:
        self._pieces: list[str] = []
        self._lines: list[Lines] = []
        self._current = start
        self._is_blank = True

    def write(self, piece: str, lines: tuple[Lines, ...]) -> None:
        """Append a piece, given the lines that each of its own lines comes from."""
        if not piece:
            return
        self._pieces.append(piece)
        end = piece.find("\n")
        if (piece if end < 0 else piece[:end]).strip():
            self._touch(lines[0])
        if end >= 0:
            self._lines.append(self._current)
            self._lines += lines[1:-1]
            self._current = lines[-1]
            self._is_blank = not piece[piece.rfind("\n") + 1 :].strip()

    def _touch(self, lines: Lines) -> None:
        if self._is_blank:
            self._current = lines
            self._is_blank = False
        else:
            first, last = self._current
            self._current = (min(first, lines[0]), max(last, lines[1]))

    def written(self) -> Traced:
        return Traced("".join(self._pieces), (*self._lines, self._current))
