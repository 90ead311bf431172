"""Tables as Markdown's, each cell where it belongs whatever it spans."""

from collections.abc import Callable
from dataclasses import dataclass

from api_service.ingestion.loaders.html.inline import Pieces, one_line
from api_service.ingestion.loaders.html.lines import Block, Line
from api_service.ingestion.loaders.html.tree import Element

_WIDEST = 200  # columns
_MOST_CELLS = 50_000  # with what they span
_GROUPS = frozenset({"thead", "tbody", "tfoot"})


@dataclass(frozen=True, slots=True)
class _TableRow:
    cells: list[str]
    is_head: bool
    source: tuple[int, int]


def cells(table: Element) -> list[Element]:
    """Return the cells of a table, row by row."""
    return [cell for row, _ in _rows(table) for cell in _cells(row)]


def pipe_table(table: Element, write: Callable[[Element], Pieces]) -> Block | None:
    """Return a table in Markdown; a cell over several columns or rows is repeated in each.

    Args:
        table: The element.
        write: Returns what a cell holds.

    Returns:
        The lines, [] for an empty table; None for a table that holds what no cell of Markdown can,
        as code of several lines, or one that is there for the layout alone.
    """
    found = cells(table)
    is_layout = len(found) == 1 or table.attribute("role") in {"none", "presentation"}
    if is_layout or any(_is_too_much(cell) for cell in found):
        return None
    rows = [row for row in _grid(table, write) if any(row.cells)]
    if not rows:
        return []
    width = max(len(row.cells) for row in rows)
    heads = next((n for n, row in enumerate(rows) if not row.is_head), len(rows)) or 1
    head = _merged(rows[:heads])
    first = rows[0].source[0], rows[heads - 1].source[1]
    lines = [Line(_row(head, width), first), Line("|" + " --- |" * width, first)]
    return lines + [Line(_row(row.cells, width), row.source) for row in rows[heads:]]


def _is_too_much(cell: Element) -> bool:
    inside = [element for element in cell.walk() if element is not cell]
    return any(
        element.name == "table" or (element.name == "pre" and "\n" in element.text().strip())
        for element in inside
    )


def _rows(table: Element) -> list[tuple[Element, bool]]:
    """Return the rows of a table itself, and whether they stand in its head."""
    found: list[tuple[Element, bool]] = []
    for child in table.children:
        if not isinstance(child, Element):
            continue
        if child.name == "tr":
            found.append((child, False))
        elif child.name in _GROUPS:
            inside = (row for row in child.children if isinstance(row, Element))
            found += [(row, child.name == "thead") for row in inside if row.name == "tr"]
    return found


def _cells(row: Element) -> list[Element]:
    return [c for c in row.children if isinstance(c, Element) and c.name in {"td", "th"}]


def _grid(table: Element, write: Callable[[Element], Pieces]) -> list[_TableRow]:
    rows = _rows(table)
    room = _MOST_CELLS
    below: dict[int, tuple[int, str]] = {}  # column: rows still spanned, and by what
    grid: list[_TableRow] = []
    for row, is_in_head in rows:
        texts: list[str] = []
        used = [row.line]
        own = _cells(row)
        for cell in own:
            _fill(texts, below)
            pieces = write(cell)
            text = one_line(pieces).replace("|", "\\|")
            used += [line for part, line in pieces if part.strip()]
            columns = min(_number(cell, "colspan"), max(_WIDEST - len(texts), 1))
            height = min(_number(cell, "rowspan") or len(rows), len(rows))
            if columns * height > room:
                columns = height = 1
            room -= columns * height
            for column in range(len(texts), len(texts) + columns):
                if height > 1:
                    below[column] = (height - 1, text)
            texts += [text] * columns
        _fill(texts, below)
        is_head = is_in_head or (bool(own) and not grid and all(c.name == "th" for c in own))
        grid.append(_TableRow(texts, is_head, (min(used), max(used))))
    return grid


def _fill(texts: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Append what cells of rows above put into the next columns."""
    while spanned := below.pop(len(texts), None):
        left, text = spanned
        if left > 1:
            below[len(texts)] = (left - 1, text)
        texts.append(text)


def _number(cell: Element, name: str) -> int:
    text = cell.attribute(name).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004 - HTML's own bound is 65534


def _merged(rows: list[_TableRow]) -> list[str]:
    """Return one head of several rows of it: "Speed" over "mean" is "Speed mean"."""
    width = max(len(row.cells) for row in rows)
    columns = [[row.cells[n] for row in rows if n < len(row.cells)] for n in range(width)]
    return [" ".join(dict.fromkeys(filter(None, column))) for column in columns]


def _row(cells: list[str], width: int) -> str:
    return f"| {' | '.join(cells + [''] * (width - len(cells)))} |"
