"""Which lines of an answer are a fence of code, to every renderer alike.

What one takes for code, another may take for markup: where a list's item ends the fence in it, or a
formula holds what looks like one. From there on no fence of the answer is trusted.
"""

import re

_SHORTEST = 3
_DEEPEST = 3  # columns; one more makes indented code
_FORMULA = 2  # dollars around one that stands alone
DRAWN = re.compile(r"mermaid|plantuml|graphviz|svg", re.IGNORECASE)
"""Names of code that some pages draw, with the links and pictures in it."""

_DOUBTFUL = re.compile(r"[<|]|://")  # behind its marks; with a "|" it may be a table's head
_MARKS = re.compile(r"(?P<run>`+|~+|\$+|:+)?(?P<rest>[^\n]*)")


class Fences:
    """Reads one answer line by line; a line is first asked about, then begun."""

    def __init__(self) -> None:
        self._open: tuple[str, int] | None = None  # its marks, its columns
        self._hold = True
        self._in_formula = False

    def distrust(self) -> None:
        """Take no line for code from here on; within a fence, after it."""
        self._hold = False

    def is_undecided(self, begun: str) -> bool:
        """Tell whether more of a line must be known to tell what it is."""
        text = begun.lstrip(" \t")
        if not text:
            return True
        run, rest = _marks(text)
        if self._open:
            return run[:1] == self._open[0][0] and not rest.strip(" \t")
        return bool(run) and (not rest or (run[0] != ":" and len(run) > 1))

    def begin(self, line: str) -> bool:
        """Take note of a line; return whether it is code, or opens or closes a fence.

        Args:
            line: As much of it as `is_undecided` asked for.
        """
        text = line.lstrip(" \t")
        indent = line[: len(line) - len(text)]
        columns = len(indent) if "\t" not in indent else _DEEPEST + 1
        run, rest = _marks(text)
        if self._open:
            marks, least = self._open
            if run[:1] == marks[0] and len(run) >= len(marks) and not rest.strip(" \t"):
                # Deeper or less deep, it may be a line of the code, or open a fence of its own.
                self._open, self._hold = None, self._hold and columns == least
                return True
            if columns >= least or not text:
                return True
            # It may have left a list's item, and with it the fence.
            self._open, self._hold = None, False
        self._note(run, rest, columns)
        return self._open is not None

    def _note(self, run: str, rest: str, columns: int) -> None:
        """Take note of a line outside of code that may open a block."""
        mark = run[:1]
        if mark in {"`", "~"} and len(run) >= _SHORTEST and not (mark == "`" and mark in rest):
            plain = columns <= _DEEPEST and not (_DOUBTFUL.search(rest) or DRAWN.search(rest))
            if self._hold and plain and not self._in_formula:
                self._open = (run, columns)
            else:
                self._hold = False
        elif mark == "$" and len(run) == _FORMULA and not rest.strip():
            self._in_formula = not self._in_formula
        elif mark == "$" and len(run) >= _FORMULA:
            whole = len(run) == _FORMULA and rest.rstrip().endswith("$$")
            self._hold = self._hold and whole
        elif mark == ":" and len(run) >= _SHORTEST:
            self._hold = False  # a directive may end the fence in it


def _marks(text: str) -> tuple[str, str]:
    found = _MARKS.match(text)
    return (found["run"] or "", found["rest"]) if found else ("", "")
