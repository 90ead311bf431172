"""HTML tables in a page's Markdown, once their tags are read, as tables of Markdown."""

import re
from itertools import pairwise

from api_service.ingestion.loaders.components import CELL, ROW, TABLE, TABLE_END
from api_service.ingestion.loaders.masking import BLOCK
from api_service.ingestion.loaders.tracing import LineIndex, Lines, Traced

_TABLE = re.compile(rf"{TABLE}([^{TABLE}{TABLE_END}]*){TABLE_END}")


def with_pipe_tables(text: Traced) -> Traced:
    """Return text with the tables whose tags have been read written as Markdown's."""
    if TABLE not in text.text:
        return text
    index = LineIndex(text)
    return text.sub(_TABLE, lambda match: _pipe_table(index.slice(*match.span(1))))


def _pipe_table(table: Traced) -> Traced:
    """Write an HTML table as Markdown; one that holds code blocks is written cell by cell."""
    starts = [match.start() for match in re.finditer(ROW, table.text)]
    index = LineIndex(table)
    rows = [
        index.slice(start, start + len(table.text[start:end].rstrip()))
        for start, end in pairwise([*starts, len(table.text)])
    ]
    cells = [([cell.strip() for cell in row.text.split(CELL)[1:]], row) for row in rows]
    cells = [(row, source) for row, source in cells if any(row)]
    before = index.slice(0, starts[0] if starts else len(table.text))
    if BLOCK in table.text or not cells:
        parts = [(cell, source) for row, source in cells for cell in row]
        return _joined([("", before), (before.text, before), *parts, ("", table)], "\n\n")
    lines = [
        (f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in row)} |", source)
        for row, source in cells
    ]
    lines.insert(1, ("|" + " --- |" * len(cells[0][0]), lines[0][1]))
    return _joined([(before.text, before), ("", before), *lines, ("", table), ("", table)], "\n")


def _joined(parts: list[tuple[str, Traced]], gap: str) -> Traced:
    """Join texts, each of which comes from all lines of another."""
    lines: list[Lines] = []
    for number, (part, source) in enumerate(parts):
        span = (source.lines[0][0], source.lines[-1][1])
        lines += [span] * (part.count("\n") + (gap.count("\n") if number else 1))
    return Traced(gap.join(part for part, _ in parts), tuple(lines))
