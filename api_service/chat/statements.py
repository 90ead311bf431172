"""What each marker of an answer speaks for: the clause it ends, or the sentence it stands in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LEAST_WORDS = 3
"""Words of a clause that state something by themselves; of fewer, the whole sentence is meant."""

# The end of a sentence, with the markers that may follow its full stop; a line is one, too.
_END = re.compile(
    r"(?:[.!?][\"\u201d\u2019')*_]*(?:\s?\[\d+\])*\s+(?=[^\sa-z\[])"
    r"|[\u3002\uff01\uff1f](?:\s?\[\d+\])*\s*(?=[^\s\[])"
    r"|\n\s*(?=[^\s\[]))"
)
_BULLET = re.compile(r"\s*(?:[-*+>#]+\s+|\d+[.)]\s+)*")
_MARKER = re.compile(r"\s?\[\d+\]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker [n] of an answer.

    Attributes:
        n: The source it names.
        start: Where it begins in the answer, in characters, a space before it included.
        end: Where it ends.
    """

    n: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What an answer states, with reference to sources.

    Attributes:
        sources: The numbers of the markers behind it.
        start: Where it begins in the answer, in characters.
        end: Where it ends, its markers included.
        text: Its words alone, without markers.
    """

    sources: tuple[int, ...]
    start: int
    end: int
    text: str


def sentence_end(text: str, start: int) -> int | None:
    """Return where the sentence that begins at start ends; None while that is open."""
    end = _END.search(text, start)
    return end.end() if end else None


def statements(text: str, start: int, end: int, markers: Sequence[Marker]) -> Iterator[Statement]:
    """Yield what the markers of one sentence speak for, in their order.

    Args:
        text: The answer, at least up to the end of the sentence.
        start: Where the sentence begins.
        end: Where it ends.
        markers: Those that stand in it.
    """
    begun = start
    for group in _side_by_side(text, markers):
        clause = Statement(
            sources=tuple(dict.fromkeys(marker.n for marker in group)),
            start=_BULLET.match(text, begun, group[0].start).end(),  # type: ignore[union-attr] # it matches nothing, too
            end=group[-1].end,
            text=text[begun : group[0].start],
        )
        begun = group[-1].end
        if len(_WORD.findall(clause.text)) >= LEAST_WORDS:
            yield clause
            continue
        whole = text[start:end]
        yield Statement(
            sources=clause.sources,
            start=_BULLET.match(text, start, end).end(),  # type: ignore[union-attr] # as above
            end=start + len(whole.rstrip()),
            text=_MARKER.sub("", whole),
        )


def _side_by_side(text: str, markers: Sequence[Marker]) -> Iterator[list[Marker]]:
    """Yield the markers in groups with nothing but spaces between them."""
    group: list[Marker] = []
    for marker in markers:
        if group and text[group[-1].end : marker.start].strip():
            yield group
            group = []
        group.append(marker)
    if group:
        yield group
