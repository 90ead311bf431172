"""The nouns of retrieval: documents have sections, sections are cut into chunks, searches score."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

_CHUNKS = uuid5(NAMESPACE_URL, "ai-book-backend/chunk")

DEFAULT_BOOK = "book"
"""The book's name where only one is kept."""


@dataclass(frozen=True, slots=True)
class Section:
    """The text from one heading to the next, as Markdown without what only a site renders.

    Attributes:
        heading_path: Headings from the page's title down to this one.
        anchor: The fragment of the heading's link, without "#"; "" for a page's opening.
        text: The body, the heading itself left out.
        lines: For each line of text the first and the last line it comes from in the page's file,
            from 1; empty where that is not known.
    """

    heading_path: tuple[str, ...]
    anchor: str
    text: str
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a page that could not be understood, and was taken as text or left out.

    Attributes:
        line: Where in the page's file, from 1, if that is known.
        reason: A sentence.
    """

    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """One page of the book.

    Attributes:
        id: The page's id as Docusaurus makes it, such as "foundations/sensors".
        path: The source file, relative to the book's folder, with "/" between its parts.
        title: The page's title.
        url: Where the page is read, without a fragment.
        sections: In reading order.
        flaws: What of the page was not understood, in the order it was found.
    """

    id: str
    path: str
    title: str
    url: str
    sections: tuple[Section, ...]
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one section, small enough to retrieve and to quote.

    Attributes:
        document: The id of its page.
        path: The page's source file.
        title: The page's title.
        heading_path: Headings from the page's title down to the section's.
        url: Where the page is read; the exact place is url#anchor.
        anchor: The section's anchor, "" for a page's opening.
        text: Markdown of the piece; code blocks and tables are whole.
        ordinal: Its place among the chunks of the same page and anchor, from 0.
        unindexed_headings: How many headings, from the title down, `searchable` leaves out, so that
            a code block or a table fits that would not otherwise.
        lines: The first and the last line it comes from in the page's file, from 1, if known. They
            are not stored: a line added above would have everything below written again.
        book: The name of the book it belongs to, among those one index keeps.
        parent: The anchor of the section its section stands under, if there is one.
    """

    document: str
    path: str
    title: str
    heading_path: tuple[str, ...]
    url: str
    anchor: str
    text: str
    ordinal: int
    unindexed_headings: int = 0
    lines: tuple[int, int] | None = None
    book: str = DEFAULT_BOOK
    parent: str | None = None

    @property
    def id(self) -> str:
        """A UUIDv5 that stays the same while the chunk keeps its place in its book."""
        return self.id_at(self.anchor, self.ordinal)

    def id_at(self, anchor: str, ordinal: int) -> str:
        """Return the id of the chunk at another place of the same page, whether there is one."""
        # A book's name holds no "/", so no two places read alike.
        return str(uuid5(_CHUNKS, f"{self.book}/{self.path}#{anchor}#{ordinal}"))

    @property
    def searchable(self) -> str:
        """What is indexed: the headings on a line of their own, then the text."""
        return f"{' > '.join(self.heading_path[self.unindexed_headings :])}\n{self.text}"


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk found by a search; scores compare within one search only.

    Attributes:
        chunk: What was found, and is cited.
        score: Higher is better.
        before: Chunks of the book that lead to it, in reading order, for whoever reads on.
        after: Chunks that go on from it, in reading order.
    """

    chunk: Chunk
    score: float
    before: tuple[Chunk, ...] = ()
    after: tuple[Chunk, ...] = ()

    @property
    def passage(self) -> str:
        """The chunk's text in the middle of what is joined to it."""
        return "\n\n".join(each.text for each in (*self.before, self.chunk, *self.after))

    @property
    def section_passage(self) -> str:
        """The same without what stands in other sections than the chunk."""
        own = (*self.before, self.chunk, *self.after)
        return "\n\n".join(each.text for each in own if each.anchor == self.chunk.anchor)
