"""Books in files: what reads each format, and the walk over a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api_service.documents import Document
from api_service.ingestion.loaders import docusaurus, markdown
from api_service.ingestion.loaders.files import Unreadable, walk


class NoPages(Exception):
    """There is no book to load; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class BrokenPage:
    """A page that could not be loaded.

    Attributes:
        path: The file, relative to the book's folder.
        line: Where in the file, from 1, if that is known.
        reason: A sentence.
    """

    path: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Book:
    """The pages of a folder in reading order, and those that could not be loaded."""

    documents: tuple[Document, ...]
    broken: tuple[BrokenPage, ...]


@dataclass(frozen=True, slots=True)
class Loader:
    """What reads one format.

    Attributes:
        suffixes: The format's file names, in lower case, such as ".md".
        load: Takes the book's folder, a file's path relative to it and the book's address; returns
            the page, or None for one that is not published. Raises Unreadable.
    """

    suffixes: tuple[str, ...]
    load: Callable[..., Document | None]


LOADERS = (Loader(suffixes=(".md", ".mdx"), load=markdown.load),)


def load_book(folder: Path, *, base_url: str) -> Book:
    """Load every page of a folder; a page that cannot be read is named and left out.

    Args:
        folder: The book's folder, with folders in it.
        base_url: Where the book is served, such as "https://book.example/docs".

    Raises:
        NoPages: The folder is missing, is not a folder, or holds no page.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise NoPages(f"The book's folder {folder} {what}.")
    by_suffix = {suffix: loader for loader in LOADERS for suffix in loader.suffixes}
    documents: list[Document] = []
    broken: list[BrokenPage] = []
    for path in sorted(path for path in walk(folder) if docusaurus.is_page(path)):
        loader = by_suffix.get(path.suffix.lower())
        if loader is None:
            continue
        try:
            document = loader.load(folder, path, base_url=base_url)
        except Unreadable as error:
            name = str(path).encode("utf-8", "replace").decode()
            broken.append(BrokenPage(name, error.line, error.reason))
            continue
        if document:
            documents.append(document)
    if not documents and not broken:
        endings = ", ".join(by_suffix)
        raise NoPages(f"The book's folder {folder} holds no page ({endings}).")
    return Book(tuple(documents), tuple(broken))
