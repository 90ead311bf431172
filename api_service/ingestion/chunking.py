"""Cuts a page's sections into chunks: whole blocks of Markdown, as many as the budget holds."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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

    heading: str
    tokens: int

    def cost(self, text: str) -> int:
        """Return a chunk's tokens; of what is far too long only its bytes, which are more."""
        whole = f"{self.heading}\n{text}"
        size = len(whole.encode())
        return (
            size if size > min(self.tokens * _LONGEST_TOKEN, _MOST_BYTES) else count_tokens(whole)
        )

    def holds(self, text: str) -> bool:
        return self.cost(text) <= self.tokens

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
    """Text that stays together; `gap` stands between it and the piece before."""

    text: str
    gap: str


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines from `start` to before `end`, of one kind, with the tokens of what they contain."""

    start: int
    end: int
    kind: str
    inside: list[Token]


def split(document: Document, *, max_tokens: int = 400) -> list[Chunk]:
    """Cut a page into chunks, in reading order, none of them across two sections.

    Code blocks and tables stay whole where they fit; longer ones are cut between lines, and each
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
    for section in document.sections:
        path = _shortened(section.heading_path, max_tokens // 2)
        for text in _texts(section, path, max_tokens):
            chunks.append(
                Chunk(
                    document=document.id,
                    path=document.path,
                    title=document.title,
                    heading_path=path,
                    url=document.url,
                    anchor=section.anchor,
                    text=text,
                    ordinal=ordinals[section.anchor],
                )
            )
            ordinals[section.anchor] += 1
    return chunks


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
    room = _Budget("", budget)
    while len(path) > 1 and not room.holds(" > ".join(path)):
        path = path[1:]
    if path and not room.holds(path[0]):
        return (room.cut(path[0], _Frame())[0],)
    return path


def _texts(section: Section, path: tuple[str, ...], max_tokens: int) -> Iterator[str]:
    """Yield the texts of a section's chunks: pieces joined while the budget holds them.

    A line that announces what follows, as "Run this:" does, goes with it where it can.
    """
    budget = _Budget(" > ".join(path), max_tokens)
    lines = section.text.split("\n")
    held: list[_Piece] = []
    for piece in _pieces(lines, block_parser().parse(section.text), 0, len(lines), budget):
        if held and not budget.holds(_joined([*held, piece])):
            announces = len(held) > 1 and held[-1].text.endswith(":")
            keeps = announces and budget.holds(_joined([held[-1], piece]))
            yield _joined(held[:-1] if keeps else held)
            held = held[-1:] if keeps else []
        held.append(piece)
    if held:
        yield _joined(held)


def _joined(pieces: list[_Piece]) -> str:
    return pieces[0].text + "".join(piece.gap + piece.text for piece in pieces[1:])


def _pieces(
    lines: list[str], tokens: list[Token], start: int, end: int, budget: _Budget
) -> Iterator[_Piece]:
    """Yield the blocks of some lines, those too long for the budget in parts."""
    for block in _blocks(tokens, start, end):
        text = "\n".join(lines[block.start : block.end]).strip("\n").rstrip()
        if not text:
            continue
        follows = block.start > 0 and lines[block.start - 1].strip() and lines[block.start].strip()
        gap = "\n" if follows else "\n\n"
        if budget.holds(text):
            yield _Piece(text, gap)
        elif block.kind in _CONTAINERS:
            yield from _pieces(lines, block.inside, block.start, block.end, budget)
        else:
            yield from _parts(text, block.kind, gap, budget)


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


def _parts(text: str, kind: str, gap: str, budget: _Budget) -> Iterator[_Piece]:
    """Yield a block that is too long in parts that the budget holds."""
    lines = text.split("\n")
    opening = _FENCE.match(lines[0])
    frame, rows = _Frame(), [text]
    if kind == "fence" and opening:
        is_closed = lines[-1].strip(" \t>").startswith(opening["marks"]) and len(lines) > 1
        below = lines[-1] if is_closed else opening["lead"] + opening["marks"]
        frame = _Frame(f"{opening['lead']}{opening['opening']}\n", f"\n{below}")
        rows = lines[1:-1] if is_closed else lines[1:]
    elif kind == "table_open":
        frame, rows = _Frame("\n".join(lines[:2]) + "\n"), lines[2:]
    if not rows or not budget.holds(frame.around(_ROOM)):
        frame, rows = _Frame(), [text]
    for part in _grouped(rows, frame, budget):
        yield _Piece(part, gap)
        gap = "\n\n" if frame.above else "\n"


def _grouped(rows: list[str], frame: _Frame, budget: _Budget) -> Iterator[str]:
    """Yield the rows in their frame, in parts of about the same length rather than a last scrap."""
    overhead = budget.cost(frame.around(""))
    length = budget.cost(frame.around("\n".join(rows))) - overhead
    target = overhead + length / ceil(length / max(budget.tokens - overhead, 1))
    group: list[str] = []
    for row in rows:
        grown = frame.around("\n".join([*group, row]))
        if group and not budget.holds(grown):
            yield frame.around("\n".join(group))
            group, grown = [], frame.around(row)
        if not budget.holds(grown):
            yield from budget.cut(row, frame)
            continue
        group.append(row)
        if budget.cost(grown) >= target:
            yield grown
            group = []
    if group:
        yield frame.around("\n".join(group))
