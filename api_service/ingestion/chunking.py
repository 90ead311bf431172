"""Cuts a page's sections into chunks: whole blocks of Markdown, as many as the budget holds."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import ceil

from markdown_it.token import Token
from semantic_text_splitter import TextSplitter

from api_service.documents import Chunk, Document, Section
from api_service.ingestion.loaders.masking import block_parser
from api_service.token_counts import count_tokens

SMALLEST_BUDGET = 50

_CONTAINERS = frozenset(
    {"bullet_list_open", "ordered_list_open", "list_item_open", "blockquote_open"}
)
_WHOLE = frozenset({"fence", "table_open"})
_TINY = 16  # a section of less than this part of the budget is too short to stand alone
_CHARACTERS = 12  # to a token, where words are long
_FENCE = re.compile(
    r"^(?P<lead>[ \t>]*)(?:(?:[-*+]|\d+[.)])[ \t]+)*(?P<opening>(?P<marks>`{3,}|~{3,})[^\n]*)$"
)
_LONGEST_TOKEN = 128  # bytes, in cl100k_base
_MOST_BYTES = 150_000  # the tokenizer refuses texts of more than 200,000 tokens
_STRETCH = 20_000  # characters
_ROOM = "word " * 10  # what the frame of a code block or a table must leave, or it is not repeated


@dataclass(frozen=True, slots=True)
class _Budget:
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
        return self.cost(text) <= self.tokens

    def headings_to_leave_out(self, text: str) -> int:
        """Return how many headings, from the title down, make room for a text; 0 if none do."""
        return next(
            (
                left_out
                for left_out in range(1, len(self.path) + 1)
                if _Budget(self.path[left_out:], self.tokens).holds(text)
            ),
            0,
        )

    def cut(self, text: str, frame: "_Frame") -> list[str]:
        """Cut text at its sentences, or its words where a sentence is too long."""
        splitter = TextSplitter.from_callback(
            lambda part: self.cost(frame.around(part)), self.tokens
        )
        parts = (part for stretch in _stretches(text) for part in splitter.chunks(stretch))
        return [kept for part in parts for kept in self._halved(part, frame)]

    def _halved(self, part: str, frame: "_Frame") -> list[str]:
        """Halve what the splitter left too long: it takes longer text for more tokens, always."""
        if self.holds(frame.around(part)) or len(part) == 1:
            return [frame.around(part)]
        middle = len(part) // 2
        halves = (part[:middle].strip(), part[middle:].strip())
        return [kept for half in halves if half for kept in self._halved(half, frame)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The lines that every part of a code block or a table repeats."""

    above: str = ""
    below: str = ""

    def around(self, text: str) -> str:
        return f"{self.above}{text}{self.below}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text that stays together.

    Attributes:
        text: The text.
        gap: What stands between it and the piece before.
        lines: The first of the section's lines it is made of, and the line after the last.
        unindexed: Headings to leave out of what is indexed, since the piece has no room for them.
    """

    text: str
    gap: str
    lines: tuple[int, int]
    unindexed: int = 0


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines from `start` to before `end`, of one kind, with the tokens of what they contain."""

    start: int
    end: int
    kind: str
    inside: list[Token]


def split(document: Document, *, max_tokens: int = 400) -> list[Chunk]:
    """Cut a page into chunks, in reading order; only tiny sections of one parent share a chunk.

    Code blocks and tables stay whole where they fit, and where they fit only without some of their
    headings these are left out of what is indexed; longer ones are cut between lines, and each
    part repeats the opening line of the code or the head of the table. A heading path too long
    for the budget loses its upper parts, then its end.

    Args:
        document: The page.
        max_tokens: The most that a chunk's `searchable` text may have, at least SMALLEST_BUDGET.

    Raises:
        ValueError: max_tokens is smaller than that.
    """
    if max_tokens < SMALLEST_BUDGET:
        raise ValueError(f"max_tokens must be at least {SMALLEST_BUDGET}.")
    chunks: list[Chunk] = []
    ordinals: Counter[str] = Counter()
    for section in _merged(document.sections, max_tokens):
        path = _shortened(section.heading_path, max_tokens // 2)
        for pieces in _groups(section, path, max_tokens):
            chunks.append(
                Chunk(
                    document=document.id,
                    path=document.path,
                    title=document.title,
                    heading_path=path,
                    url=document.url,
                    anchor=section.anchor,
                    text=_joined(pieces),
                    ordinal=ordinals[section.anchor],
                    unindexed_headings=pieces[0].unindexed,
                    lines=_source_lines(section, pieces),
                )
            )
            ordinals[section.anchor] += 1
    return chunks


def _source_lines(section: Section, pieces: list[_Piece]) -> tuple[int, int] | None:
    lines = section.lines[pieces[0].lines[0] : pieces[-1].lines[1]]
    return (min(first for first, _ in lines), max(last for _, last in lines)) if lines else None


def _merged(sections: Sequence[Section], max_tokens: int) -> Iterator[Section]:
    """Yield the sections; tiny ones that follow each other under one parent are joined.

    What is joined stands under the first one's headings, the others' as lines of the text. Only
    sections with nothing below them are joined, or headings would be over what they do not head.
    """
    held: Section | None = None
    size = 0
    for section, below in zip_longest(sections, sections[1:]):
        tokens = _tiny_size(section, below, max_tokens)
        if held and tokens and _are_siblings(held, section) and size + tokens <= max_tokens // 4:
            held, size = _with_sibling(held, section), size + tokens
            continue
        if held:
            yield held
        held, size = (section, tokens) if tokens else (None, 0)
        if held is None:
            yield section
    if held:
        yield held


def _tiny_size(section: Section, below: Section | None, max_tokens: int) -> int:
    """Return a tiny section's tokens; 0 for one that is not tiny, is empty or has others below."""
    depth = len(section.heading_path)
    has_others = below is not None and below.heading_path[:depth] == section.heading_path
    most = max_tokens // _TINY
    # A text of so many characters is not tiny, and need not be counted.
    if has_others or not section.text or len(section.text) > most * _CHARACTERS:
        return 0
    tokens = count_tokens(f"{section.heading_path[-1]}\n{section.text}")
    return tokens if tokens <= most else 0


def _are_siblings(section: Section, other: Section) -> bool:
    path, its = section.heading_path, other.heading_path
    return bool(section.anchor and other.anchor) and len(its) > 1 and path[:-1] == its[:-1]


def _with_sibling(section: Section, other: Section) -> Section:
    """Join two sections; the second one's heading comes from the line above its text."""
    heading = f"{'#' * min(len(other.heading_path), 6)} {other.heading_path[-1]}"
    lines: tuple[tuple[int, int], ...] = ()
    if section.lines and other.lines:
        lines = (*section.lines, section.lines[-1], other.lines[0], other.lines[0], *other.lines)
    text = f"{section.text}\n\n{heading}\n\n{other.text}"
    return replace(section, text=text, lines=lines)


def _stretches(text: str) -> Iterator[str]:
    """Yield text in stretches that end at a space; the splitter's time grows with their square."""
    start = 0
    while len(text) - start > _STRETCH:
        end = text.rfind(" ", start + _STRETCH // 2, start + _STRETCH)
        end = end if end > 0 else start + _STRETCH
        yield text[start:end]
        start = end
    yield text[start:]


def _shortened(path: tuple[str, ...], budget: int) -> tuple[str, ...]:
    room = _Budget((), budget)
    while len(path) > 1 and not room.holds(" > ".join(path)):
        path = path[1:]
    if path and not room.holds(path[0]):
        return (room.cut(path[0], _Frame())[0],)
    return path


def _groups(section: Section, path: tuple[str, ...], max_tokens: int) -> Iterator[list[_Piece]]:
    """Yield the pieces of each chunk of a section: as many as the budget holds.

    A line that announces what follows, as "Run this:" does, goes with it where it can.
    """
    budget = _Budget(path, max_tokens)
    lines = section.text.split("\n")
    if section.text.strip() and budget.holds(section.text):
        yield [_Piece(section.text, "", (0, len(lines)))]
        return
    held: list[_Piece] = []
    for piece in _pieces(lines, block_parser().parse(section.text), 0, len(lines), budget):
        if piece.unindexed:
            yield from (group for group in (held, [piece]) if group)
            held = []
            continue
        if held and not budget.holds(_joined([*held, piece])):
            announces = len(held) > 1 and held[-1].text.endswith(":")
            keeps = announces and budget.holds(_joined([held[-1], piece]))
            yield held[:-1] if keeps else held
            held = held[-1:] if keeps else []
        held.append(piece)
    if held:
        yield held


def _joined(pieces: list[_Piece]) -> str:
    return pieces[0].text + "".join(piece.gap + piece.text for piece in pieces[1:])


def _pieces(
    lines: list[str], tokens: list[Token], start: int, end: int, budget: _Budget
) -> Iterator[_Piece]:
    """Yield the blocks of some lines, those too long for the budget in parts."""
    for block in _blocks(tokens, start, end):
        inside = lines[block.start : block.end]
        text = "\n".join(inside).strip("\n").rstrip()
        if not text:
            continue
        first = block.start + next(n for n, line in enumerate(inside) if line)
        last = first + text.count("\n") + 1
        follows = block.start > 0 and lines[block.start - 1].strip() and lines[block.start].strip()
        gap = "\n" if follows else "\n\n"
        if budget.holds(text):
            yield _Piece(text, gap, (first, last))
        elif block.kind in _CONTAINERS:
            yield from _pieces(lines, block.inside, block.start, block.end, budget)
        elif block.kind in _WHOLE and (unindexed := budget.headings_to_leave_out(text)):
            yield _Piece(text, gap, (first, last), unindexed)
        else:
            yield from _parts(text, block.kind, gap, budget, first)


def _blocks(tokens: list[Token], start: int, end: int) -> Iterator[_Block]:
    """Yield the outermost blocks among tokens, and what lies between them as prose.

    The parser gives no token for lines it only remembers, as the definition of a link.
    """
    done = start
    number = 0
    while number < len(tokens):
        token = tokens[number]
        last = number
        while token.nesting == 1 and (
            tokens[last].nesting != -1 or tokens[last].level != token.level
        ):
            last += 1
        if token.map and token.map[0] >= done:
            yield _Block(done, token.map[0], "", [])
            yield _Block(token.map[0], token.map[1], token.type, tokens[number + 1 : last])
            done = token.map[1]
        number = last + 1
    yield _Block(done, end, "", [])


def _parts(text: str, kind: str, gap: str, budget: _Budget, first: int) -> Iterator[_Piece]:
    """Yield a block that is too long in parts that the budget holds; it begins at line `first`."""
    lines = text.split("\n")
    opening = _FENCE.match(lines[0])
    frame, rows, above = _Frame(), lines, 0
    if kind == "fence" and opening:
        is_closed = lines[-1].strip(" \t>").startswith(opening["marks"]) and len(lines) > 1
        below = lines[-1] if is_closed else opening["lead"] + opening["marks"]
        frame = _Frame(f"{opening['lead']}{opening['opening']}\n", f"\n{below}")
        rows, above = (lines[1:-1] if is_closed else lines[1:]), 1
    elif kind == "table_open":
        frame, rows, above = _Frame("\n".join(lines[:2]) + "\n"), lines[2:], 2
    if not frame.above or not rows or not budget.holds(frame.around(_ROOM)):
        yield from _sentences(text, gap, budget, first)
        return
    for part, start, end in _grouped(rows, frame, budget):
        yield _Piece(part, gap, (first + above + start, first + above + end))
        gap = "\n\n"


def _sentences(text: str, gap: str, budget: _Budget, first: int) -> Iterator[_Piece]:
    """Yield prose in parts, each with the lines that hold its first and its last word."""
    done = 0
    for part in budget.cut(text, _Frame()):
        begin = _after(text, part[:1], done)
        done = begin
        for word in part.split():
            done = _after(text, word, done) + len(word)
        lines = (first + text.count("\n", 0, begin), first + text.count("\n", 0, done) + 1)
        yield _Piece(part, gap, lines)
        gap = "\n"


def _after(text: str, word: str, position: int) -> int:
    """Return where a word begins that is known to stand behind a position."""
    found = text.find(word, position)
    return found if found >= 0 else position


def _grouped(rows: list[str], frame: _Frame, budget: _Budget) -> Iterator[tuple[str, int, int]]:
    """Yield the rows in their frame, in parts of about the same length rather than a last scrap.

    With each part comes its first row, and the row after its last.
    """
    overhead = budget.cost(frame.around(""))
    length = budget.cost(frame.around("\n".join(rows))) - overhead
    target = overhead + length / ceil(length / max(budget.tokens - overhead, 1))
    start = 0
    for number, row in enumerate(rows):
        group = rows[start:number]
        grown = frame.around("\n".join([*group, row]))
        if group and not budget.holds(grown):
            yield frame.around("\n".join(group)), start, number
            start, grown = number, frame.around(row)
        if not budget.holds(grown):
            for part in budget.cut(row, frame):
                yield part, number, number + 1
            start = number + 1
        elif budget.cost(grown) >= target:
            yield grown, start, number + 1
            start = number + 1
    if start < len(rows):
        yield frame.around("\n".join(rows[start:])), start, len(rows)
