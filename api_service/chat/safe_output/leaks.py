"""What a model is told by us and nobody else: noticed before it leaves, and not let out.

Two things tell it: the canary, a mark in the instructions that no answer has a reason to hold, and
a run of the instructions' own words; both are listened for letter by letter besides.
"""

import re
from functools import lru_cache

from api_service.chat.safe_output.letters import Letters

_WORD = re.compile(r"[^\W_]+")
_RUN = 8  # words in a row that no answer shares with the instructions by chance
_HEARD = 3  # words in a row from which on the rest is waited for
_CONTEXT = 48  # characters that have left and are looked back at


class Leaks:
    """Reads one answer in pieces, wherever they are cut.

    Args:
        rules: The instructions as they are written, without what is filled into them.
        canary: The mark in them, letters and digits; "" for none.

    Attributes:
        found: Whether something would have leaked; nothing leaves any more.
    """

    def __init__(self, rules: str, canary: str) -> None:
        self.found = False
        self._runs = _runs(rules)
        self._letters = Letters(rules, canary)
        self._context = ""
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what of the answer so far may leave, and has not left before."""
        if not self._held and self._is_harmless(piece):
            return self._let_out(piece)
        return self._checked(self._held + piece, is_complete=False)

    def finish(self) -> str:
        """Return the rest."""
        return self._checked(self._held, is_complete=True)

    def _is_harmless(self, piece: str) -> bool:
        """Tell whether nothing can have begun; most pieces come no further."""
        words = _words(self._context + piece)
        return not (
            self._letters.held_from(piece) != len(piece)
            or any(words[at : at + _HEARD] in self._runs for at in range(len(words) - 2))
        )

    def _let_out(self, text: str) -> str:
        self._context = (self._context + text)[-_CONTEXT:]
        self._letters.note(text)
        return text

    def _checked(self, text: str, *, is_complete: bool) -> str:
        places = (self._words_from(text, is_complete=is_complete), self._letters.held_from(text))
        if self.found or None in places:
            self.found, self._held = True, ""
            return ""
        end = len(text) if is_complete else min(each for each in places if each is not None)
        self._held = text[end:]
        return self._let_out(text[:end])

    def _words_from(self, text: str, *, is_complete: bool) -> int | None:
        """Return where a run of the instructions' words may have begun; None where one is whole."""
        found = list(_WORD.finditer(self._context + text))
        words = tuple(each[0].casefold() for each in found)
        longest = [self._run_to(place, words) for place in range(len(words))]
        # The last word may not be whole yet.
        grows = not is_complete and bool(found) and found[-1].end() == found[-1].endpos
        last = len(words) - 1 - grows
        if max(longest[: last + 1], default=0) >= _RUN:
            return None
        if last < 0 or max(longest[last:]) < _HEARD:
            return len(text)
        first = last + 1 - longest[last]
        return max(found[first].start() - len(self._context), 0)

    def _run_to(self, place: int, words: tuple[str, ...]) -> int:
        """Return how many words up to a place stand in the instructions in this order."""
        length = 1
        while length <= place and words[place - length : place + 1] in self._runs:
            length += 1
        return length


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


@lru_cache(maxsize=8)
def _runs(rules: str) -> frozenset[tuple[str, ...]]:
    """Return every run of two to _RUN words of a text."""
    words = _words(rules)
    return frozenset(
        words[start : start + length]
        for length in range(2, _RUN + 1)
        for start in range(len(words) - length + 1)
    )
