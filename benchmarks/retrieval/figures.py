"""What one process measured of one system, as it goes from that process to the report.

The frameworks run in an environment of their own, so that this module needs Python alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CHUNKS = 30
"""Chunks asked for by every search; a document stands where its best chunk does."""

DOCUMENTS = 10
"""Documents in a ranking, the first of those chunks'."""

BUDGET = 400
"""Tokens of cl100k in a chunk of the book, where a splitter can be told."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk of a page.

    Attributes:
        text: As it is stored.
        heading_path: The headings that the system says it stands under.
        embedded: What the system embeds of it, such as its headings and the text.
    """

    text: str
    heading_path: tuple[str, ...]
    embedded: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page and its chunks; title is None where the system knows none."""

    path: str
    title: str | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A book in chunks.

    Attributes:
        pages: Each page with a chunk.
        characters: In the files of the pages.
        seconds: Of processor time, from the files to the chunks.
    """

    pages: tuple[Page, ...]
    characters: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Searched:
    """A question set, built into an index and searched in one way.

    Attributes:
        way: How the system was set up, such as "default".
        chunks: What the set's documents became.
        seconds: To cut and store them, with vectors known already.
        embedding_seconds: To cut, embed and store them; None where vectors were known already.
        rankings: For each question's id the documents' ids, best first.
        milliseconds: Of each search, the question's embedding included.
        known_milliseconds: Of searches whose question's vector was known.
    """

    way: str
    chunks: int
    seconds: float
    embedding_seconds: float | None
    rankings: Mapping[str, Sequence[str]]
    milliseconds: Sequence[float]
    known_milliseconds: Sequence[float]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A question set in each way a system has.

    Attributes:
        ways: The default first.
        peak_mib: The most memory the process had while the first was built and searched.
    """

    ways: tuple[Searched, ...]
    peak_mib: float


def documents(chunks: Sequence[str]) -> list[str]:
    """Return the first documents of a ranking of chunks, given by their documents' ids."""
    return list(dict.fromkeys(chunks))[:DOCUMENTS]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many per cent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
