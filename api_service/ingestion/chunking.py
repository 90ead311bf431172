"""Cuts a page's sections into chunks: whole blocks of Markdown, as many as the budget holds."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from markdown_it.token import Token

from api_service.documents import DEFAULT_BOOK, Chunk, Document, Section
from api_service.ingestion import siblings
from api_service.ingestion.budget import Budget, Frame
from api_service.ingestion.loaders.masking import block_parser

VERSION = "sections:1"
"""Names the rules of this module, for those who look at an index made by it."""

SMALLEST_BUDGET = 50

_CONTAINERS = frozenset(
    {"bullet_list_open", "ordered_list_open", "list_item_open", "blockquote_open"}
)
_WHOLE = frozenset({"fence", "table_open"})
_FENCE = re.compile(
    r"^(?P<lead>[ \t>]*)(?:(?:[-*+]|\d+[.)])[ \t]+)*(?P<opening>(?P<marks>`{3,}|~{3,})[^\n]*)$"
)
_ROOM = "word " * 10  # what the frame of a code block or a table must leave, or it is not repeated


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


def split(document: Document, *, max_tokens: int = 400, book: str = DEFAULT_BOOK) -> list[Chunk]:
    """Cut a page into chunks, in reading order; only tiny sections of one parent share a chunk.

    Code blocks and tables stay whole where they fit, and where they fit only without some of their
    headings these are left out of what is indexed; longer ones are cut between lines, and each
    part repeats the opening line of the code or the head of the table. A heading path too long
    for the budget loses its upper parts, then its end.

    Args:
        document: The page.
        max_tokens: The most that a chunk's `searchable` text may have, at least SMALLEST_BUDGET.
        book: The name of the book the page belongs to.

    Raises:
        ValueError: max_tokens is smaller than that.
    """
    if max_tokens < SMALLEST_BUDGET:
        raise ValueError(f"max_tokens must be at least {SMALLEST_BUDGET}.")
    chunks: list[Chunk] = []
    ordinals: Counter[str] = Counter()
    anchors: dict[tuple[str, ...], str] = {}
    for section in siblings.joined(document.sections, max_tokens):
        path = _shortened(section.heading_path, max_tokens // 2)
        anchors[section.heading_path] = section.anchor
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
                    book=book,
                    parent=anchors.get(section.heading_path[:-1]),
                )
            )
            ordinals[section.anchor] += 1
    return chunks


def _source_lines(section: Section, pieces: list[_Piece]) -> tuple[int, int] | None:
    lines = section.lines[pieces[0].lines[0] : pieces[-1].lines[1]]
    return (min(first for first, _ in lines), max(last for _, last in lines)) if lines else None


def _shortened(path: tuple[str, ...], budget: int) -> tuple[str, ...]:
    room = Budget((), budget)
    while len(path) > 1 and not room.holds(" > ".join(path)):
        path = path[1:]
    if path and not room.holds(path[0]):
        return (room.cut(path[0], Frame())[0],)
    return path


def _groups(section: Section, path: tuple[str, ...], max_tokens: int) -> Iterator[list[_Piece]]:
    """Yield the pieces of each chunk of a section: as many as the budget holds.

    A line that announces what follows, as "Run this:" does, goes with it where it can.
    """
    budget = Budget(path, max_tokens)
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
    lines: list[str], tokens: list[Token], start: int, end: int, budget: Budget
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


def _parts(text: str, kind: str, gap: str, budget: Budget, first: int) -> Iterator[_Piece]:
    """Yield a block that is too long in parts that the budget holds; it begins at line `first`."""
    lines = text.split("\n")
    opening = _FENCE.match(lines[0])
    frame, rows, above = Frame(), lines, 0
    if kind == "fence" and opening:
        is_closed = lines[-1].strip(" \t>").startswith(opening["marks"]) and len(lines) > 1
        below = lines[-1] if is_closed else opening["lead"] + opening["marks"]
        frame = Frame(f"{opening['lead']}{opening['opening']}\n", f"\n{below}")
        rows, above = (lines[1:-1] if is_closed else lines[1:]), 1
    elif kind == "table_open":
        frame, rows, above = Frame("\n".join(lines[:2]) + "\n"), lines[2:], 2
    if not frame.above or not rows or not budget.holds(frame.around(_ROOM)):
        yield from _sentences(text, gap, budget, first)
        return
    for part, start, end in _grouped(rows, frame, budget):
        yield _Piece(part, gap, (first + above + start, first + above + end))
        gap = "\n\n"


def _sentences(text: str, gap: str, budget: Budget, first: int) -> Iterator[_Piece]:
    """Yield prose in parts, each with the lines that hold its first and its last word."""
    done = 0
    for part in budget.cut(text, Frame()):
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


def _grouped(rows: list[str], frame: Frame, budget: Budget) -> Iterator[tuple[str, int, int]]:
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
