"""Books in files: what reads each format, and the walk over a folder."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from api_service.documents import Document
from api_service.ingestion.loaders import docusaurus, html, markdown, notebook, pdf
from api_service.ingestion.loaders.files import Unreadable, walk
from api_service.ingestion.loaders.sites import site_of


class NoPages(Exception):
    """There is no book to load, or not all of it; the text says why, in a sentence."""


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


class Load(Protocol):
    """Reads one page of one format."""

    def __call__(self, folder: Path, path: PurePosixPath, *, base_url: str) -> Document | None:
        """Return the page, or None for one that is not published.

        Args:
            folder: The book's folder.
            path: The page's file, relative to it.
            base_url: Where the book is served.

        Raises:
            Unreadable: The page cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class Loader:
    """What reads the files with one of these suffixes, in lower case, such as ".md"."""

    suffixes: tuple[str, ...]
    load: Load


LOADERS = (
    Loader(suffixes=(".md", ".mdx"), load=markdown.load),
    Loader(suffixes=(".html", ".htm"), load=html.load),
    Loader(suffixes=(".ipynb",), load=notebook.load),
    Loader(suffixes=(".pdf",), load=pdf.load),
)


def load_book(folder: Path, *, base_url: str) -> Book:
    """Load every page of a folder; a page that cannot be read is named and left out.

    Args:
        folder: The book's folder, with folders in it; or the folder of a Docusaurus site.
        base_url: Where the book is served, such as "https://book.example/docs".

    Raises:
        NoPages: The folder is missing, is not a folder, holds no page, or a folder in it cannot
            be read.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise NoPages(f"The book's folder {folder} {what}.")
    site = site_of(folder, base_url)
    folder = site.folder
    by_suffix = {suffix: loader for loader in LOADERS for suffix in loader.suffixes}
    documents: list[Document] = []
    broken: list[BrokenPage] = []
    for path in _pages(folder):
        loader = by_suffix.get(path.suffix.lower())
        if loader is None:
            continue
        name = str(path).encode("utf-8", "replace").decode()
        if name != str(path):
            broken.append(BrokenPage(name, None, "Its name is not UTF-8 text."))
            continue
        try:
            if document := loader.load(folder, path, base_url=site.base_url):
                documents.append(document)
        except Unreadable as error:
            broken.append(BrokenPage(name, error.line, error.reason))
    if not documents and not broken:
        endings = ", ".join(by_suffix)
        raise NoPages(f"The book's folder {folder} holds no page ({endings}).")
    return Book(tuple(documents), tuple(broken))


def _pages(folder: Path) -> list[PurePosixPath]:
    try:
        return sorted(
            path for path in walk(folder) if docusaurus.is_page(path, site_of(folder).rules)
        )
    except OSError as error:
        raise NoPages(f"The folder {error.filename} cannot be read ({error.strerror}).") from error
