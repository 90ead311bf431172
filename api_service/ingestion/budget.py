"""How much a chunk may hold, and text cut where it holds more."""

from collections.abc import Iterator
from dataclasses import dataclass

from semantic_text_splitter import TextSplitter

from api_service.token_counts import count_tokens

_LONGEST_TOKEN = 128  # bytes, in cl100k_base
_MOST_BYTES = 150_000  # the tokenizer refuses texts of more than 200,000 tokens
_STRETCH = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a chunk may be: `tokens`, the line of its headings included."""

    path: tuple[str, ...]
    tokens: int

    def cost(self, text: str) -> int:
        """Return a chunk's tokens; of what is far too long only its bytes, which are more."""
        whole = f"{' > '.join(self.path)}\n{text}"
        size = len(whole.encode())
        return (
            size if size > min(self.tokens * _LONGEST_TOKEN, _MOST_BYTES) else count_tokens(whole)
        )

    def holds(self, text: str) -> bool:
        """Tell whether a chunk of this text keeps the budget."""
        return self.cost(text) <= self.tokens

    def headings_to_leave_out(self, text: str) -> int:
        """Return how many headings, from the title down, make room for a text; 0 if none do."""
        return next(
            (
                left_out
                for left_out in range(1, len(self.path) + 1)
                if Budget(self.path[left_out:], self.tokens).holds(text)
            ),
            0,
        )

    def cut(self, text: str, frame: "Frame") -> list[str]:
        """Cut text at its sentences, or its words where a sentence is too long."""
        splitter = TextSplitter.from_callback(
            lambda part: self.cost(frame.around(part)), self.tokens
        )
        parts = (part for stretch in _stretches(text) for part in splitter.chunks(stretch))
        return [kept for part in parts for kept in self._halved(part, frame)]

    def _halved(self, part: str, frame: "Frame") -> list[str]:
        """Halve what the splitter left too long: it takes longer text for more tokens, always."""
        if self.holds(frame.around(part)) or len(part) == 1:
            return [frame.around(part)]
        middle = len(part) // 2
        halves = (part[:middle].strip(), part[middle:].strip())
        return [kept for half in halves if half for kept in self._halved(half, frame)]


@dataclass(frozen=True, slots=True)
class Frame:
    """The lines that every part of a code block or a table repeats."""

    above: str = ""
    below: str = ""

    def around(self, text: str) -> str:
        """Return a part with the lines above and below it."""
        return f"{self.above}{text}{self.below}"


def _stretches(text: str) -> Iterator[str]:
    """Yield text in stretches that end at a space; the splitter's time grows with their square."""
    start = 0
    while len(text) - start > _STRETCH:
        end = text.rfind(" ", start + _STRETCH // 2, start + _STRETCH)
        end = end if end > 0 else start + _STRETCH
        yield text[start:end]
        start = end
    yield text[start:]
