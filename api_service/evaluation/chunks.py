"""How well a book is cut: whole fences and tables, right headings, nothing lost, and how fast."""

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from api_service.evaluation.formats import reading
from api_service.evaluation.source import Block, Reading, plain, read, words
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import load_book
from api_service.ingestion.loaders.sites import site_of
from api_service.token_counts import count_tokens

_BASE_URL = "https://book.example/docs"
_TELLING = 3  # words
_SPACE = re.compile(r"[\s>]+")
_WORD = re.compile(r"[^\W_]+")


class Judged(Protocol):
    """What of a chunk is judged, whoever cut it."""

    @property
    def text(self) -> str:
        """Its Markdown."""
        ...

    @property
    def heading_path(self) -> tuple[str, ...]:
        """The headings above it."""
        ...

    @property
    def searchable(self) -> str:
        """What of it is indexed."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> float:
        """In percent; 100 where there is nothing to count."""
        return 100 * self.part / self.whole if self.whole else 100.0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.part + other.part, self.whole + other.whole)


@dataclass(frozen=True, slots=True)
class Findings:
    """What one page or one book shows.

    Attributes:
        fences: Whole in a chunk, of those that fit the budget.
        tables: Likewise.
        headings: Chunks whose heading path is the one above their lines in the source.
        lines: Source lines whose words are in a chunk of the page, of those that have words.
        longer: Fences and tables that are longer than the budget, so that they must be cut.
        over_budget: Chunks with more tokens than the budget, their heading line included.
        debris: Chunks with a line of front matter, of an import or of an export.
        faults: A sentence for each thing that is not as it should be.
    """

    fences: Share = Share(0, 0)
    tables: Share = Share(0, 0)
    headings: Share = Share(0, 0)
    lines: Share = Share(0, 0)
    longer: int = 0
    over_budget: int = 0
    debris: int = 0
    faults: tuple[str, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            self.fences + other.fences,
            self.tables + other.tables,
            self.headings + other.headings,
            self.lines + other.lines,
            self.longer + other.longer,
            self.over_budget + other.over_budget,
            self.debris + other.debris,
            self.faults + other.faults,
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """Findings about a book, and what loading and cutting it took.

    Attributes:
        findings: Of all pages.
        pages: How many could be loaded.
        judged: How many of these by their files; of the others the chunks' length alone.
        broken: How many could not.
        chunks: How many there are.
        characters: In the files of the pages, or in their text where a file is none.
        seconds: Of processor time, on one core.
    """

    findings: Findings
    pages: int
    judged: int
    broken: int
    chunks: int
    characters: int
    seconds: float


def measure(folder: Path, *, max_tokens: int) -> Measured:
    """Load and cut the book in a folder, and judge the chunks by the files.

    Raises:
        NoPages: There is no book.
        ValueError: max_tokens is less than a chunk may have.
    """
    count_tokens("")  # which reads the vocabulary
    began = time.process_time()
    folder = site_of(folder).folder  # of a site's own folder, its docs
    book = load_book(folder, base_url=_BASE_URL)
    cut = [split(page, max_tokens=max_tokens) for page in book.documents]
    seconds = time.process_time() - began
    findings = Findings()
    characters = judged = 0
    for page, chunks in zip(book.documents, cut, strict=True):
        source = reading(folder / page.path)
        judged += source is not None
        characters += (
            sum(len(section.text) for section in page.sections)
            if source is None
            else len((folder / page.path).read_text("utf-8", "replace"))
        )
        findings += judge(source, chunks, name=page.path, title=page.title, max_tokens=max_tokens)
    return Measured(
        findings=findings,
        pages=len(book.documents),
        judged=judged,
        broken=len(book.broken),
        chunks=sum(map(len, cut)),
        characters=characters,
        seconds=seconds,
    )


def judge(
    source: Reading | None, chunks: Sequence[Judged], *, name: str, title: str, max_tokens: int
) -> Findings:
    """Judge the chunks of one page by its source.

    Args:
        source: What the page's file holds; None judges by the budget alone.
        chunks: All that were made of it.
        name: What to call the page in faults.
        title: The page's title, which begins every heading path.
        max_tokens: The budget.
    """
    long = [chunk for chunk in chunks if count_tokens(chunk.searchable) > max_tokens]
    faults = [f"{name}: over the budget: {' > '.join(c.heading_path)}" for c in long]
    if source is None:
        return Findings(over_budget=len(long), faults=tuple(faults))
    seen = str if source.is_markdown else plain
    headings = frozenset(words(heading) for line in source.lines for heading in line.path)
    parts = [read(seen(chunk.text), above=chunk.heading_path, known=headings) for chunk in chunks]
    fitting = [b for b in source.fences if _fits(b, max_tokens)]
    torn = _torn(fitting, source, chunks, parts)
    faults += [f"{name}: fence torn: {_begin(body)}" for body in torn]
    tables = [b for b in source.tables if _fits(b, max_tokens)]
    spoken = [words(seen(chunk.text)) for chunk in chunks]
    cut_tables = [b for b in tables if not any(f" {b.body} " in f" {said} " for said in spoken)]
    faults += [f"{name}: table torn: {_begin(block.body)}" for block in cut_tables]
    strayed = [
        chunk
        for chunk, part in zip(chunks, parts, strict=True)
        if not _stands_right(source, part, title)
    ]
    faults += [f"{name}: wrong headings: {' > '.join(c.heading_path)}" for c in strayed]
    everything = _everything(chunks, parts)
    lost = [line for line in source.lines if f" {line.words} " not in everything]
    faults += [f"{name}, line {line.number}: lost: {_begin(line.words)}" for line in lost]
    debris = [part for part in parts if part.modules & source.modules]
    faults += [f"{name}: an import or front matter in a chunk" for _ in debris]
    return Findings(
        fences=Share(len(fitting) - len(torn), len(fitting)),
        tables=Share(len(tables) - len(cut_tables), len(tables)),
        headings=Share(len(chunks) - len(strayed), len(chunks)),
        lines=Share(len(source.lines) - len(lost), len(source.lines)),
        longer=len(source.fences) + len(source.tables) - len(fitting) - len(tables),
        over_budget=len(long),
        debris=len(debris),
        faults=tuple(faults),
    )


def _torn(
    fences: list[Block], source: Reading, chunks: Sequence[Judged], parts: list[Reading]
) -> list[str]:
    """Return the bodies of fences that no chunk holds whole.

    Where half a fence stands before it in a chunk, a whole one is read as prose; it counts as whole
    if all of it is there.
    """
    present = Counter(_body(fence, source) for part in parts for fence in part.fences)
    missing = (Counter(_body(fence, source) for fence in fences) - present).elements()
    texts = {_body(fence, source): _unspaced(_held(fence, source)) for fence in fences}
    seen = str if source.is_markdown else plain
    held = [_unspaced(seen(chunk.text)) for chunk in chunks]
    return [body for body in missing if not any(texts[body] in text for text in held)]


def _body(fence: Block, source: Reading) -> str:
    """Return what a fence must have kept: its lines, and its language if the source names it."""
    return fence.body if source.is_markdown else fence.body.partition("\n")[2]


def _held(fence: Block, source: Reading) -> str:
    """Return a fence as a chunk would hold it; where the source is no Markdown, its lines alone."""
    return fence.text if source.is_markdown else _body(fence, source)


def _unspaced(text: str) -> str:
    return _SPACE.sub("", text)


def _fits(block: Block, max_tokens: int) -> bool:
    """Tell whether a block has room in a chunk, if need be below an empty line of headings."""
    return count_tokens(f"\n{block.text}") <= max_tokens


def _under(title: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """Put the page's title before the headings, unless its first-level heading repeats it."""
    return path if path and words(path[0]) == words(title) else (title, *path)


def _compared(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(words(heading) for heading in path)


def _stands_right(source: Reading, part: Reading, title: str) -> bool:
    """Tell whether each line of a chunk stands under the headings it has in the source.

    A line that stands in the source several times may have any of their headings. A line of one or
    two words may be a tab's label, and one that the source has in another form, as the first of an
    admonition, is looked for inside the chunk; but something must speak for the headings.
    """
    places: dict[str, set[tuple[str, ...]]] = {}
    for line in source.lines:
        places.setdefault(line.words, set()).add(_compared(_under(title, line.path)))
    if not part.lines:  # such as the last bar of a torn table
        return True
    known = [line for line in part.lines if line.words in places]
    known = [line for line in known if line.words.count(" ") >= _TELLING - 1] or known
    if known:
        return all(_compared(line.path) in places[line.words] for line in known)
    inside = f" {' '.join(line.words for line in part.lines)} "
    here = {_compared(line.path) for line in part.lines}
    return any(
        (f" {said} " in inside or inside in f" {said} ") and paths & here
        for said, paths in places.items()
    )


def _everything(chunks: Sequence[Judged], parts: list[Reading]) -> str:
    headings = {heading for chunk in chunks for heading in chunk.heading_path}
    said = " ".join(line.words for part in parts for line in part.lines)
    # As it stands, too: code that begins within a fence is read as prose, and its braces as markup.
    bare = " ".join(" ".join(_WORD.findall(chunk.text)) for chunk in chunks).casefold()
    return f" {' | '.join((said, bare, *(words(heading) for heading in headings)))} "


def _begin(text: str) -> str:
    return repr(text[:60])
