"""Lines of Markdown that know where in the file they are from, and blocks of them."""

from dataclasses import dataclass, replace

from api_service.ingestion.loaders.tracing import Lines


@dataclass(frozen=True, slots=True)
class Head:
    """What a line is the heading of: its level, its words, and the fragment that leads there."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of Markdown, and the first and the last line of the file that it comes from."""

    text: str
    source: Lines
    head: Head | None = None


Block = list[Line]


def prefixed(block: Block, first: str, rest: str) -> Block:
    """Return the lines of a list's item or a quote; a heading in it begins no section."""
    return [
        replace(line, text=((rest if number else first) + line.text).rstrip(), head=None)
        for number, line in enumerate(block)
    ]


def joined(blocks: list[Block], *, gap: bool = True) -> Block:
    """Return one block of several, with an empty line between each two of them if asked for."""
    made: Block = []
    for block in blocks:
        if made and block and gap:
            made.append(Line("", made[-1].source))
        made += block
    return made


def span(blocks: list[Block]) -> Lines:
    """Return the first and the last line of the file that some blocks come from."""
    sources = [line.source for block in blocks for line in block]
    return min(first for first, _ in sources), max(last for _, last in sources)
