"""Books in files: what reads each format, and the walk over a folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from api_service.documents import Document
from api_service.ingestion.loaders import docusaurus, html, markdown, notebook, pdf
from api_service.ingestion.loaders.files import Unreadable, walk
from api_service.ingestion.loaders.sites import Site, site_of
from api_service.ingestion.loaders.unseen import without_unseen


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


def pages(folder: Path, *, base_url: str) -> Iterator[Document | BrokenPage]:
    """Load the pages of a folder one after another, in reading order.

    Args:
        folder: The book's folder, with folders in it; or the folder of a Docusaurus site.
        base_url: Where the book is served, such as "https://book.example/docs".

    Raises:
        NoPages: The folder is missing, is not a folder, holds no page, or a folder in it cannot
            be read.
    """
    site, paths = page_files(folder, base_url=base_url)
    loaded = (load_page(site, path) for path in paths)
    found = (page for page in loaded if page is not None)
    first = next(found, None)
    if first is None:
        raise no_pages(site.folder)
    yield first
    yield from found


def load_book(folder: Path, *, base_url: str) -> Book:
    """Load every page of a folder at once, as `pages` does.

    Raises:
        NoPages: As there.
    """
    loaded = list(pages(folder, base_url=base_url))
    return Book(
        tuple(page for page in loaded if isinstance(page, Document)),
        tuple(page for page in loaded if isinstance(page, BrokenPage)),
    )


def page_files(folder: Path, *, base_url: str) -> tuple[Site, list[PurePosixPath]]:
    """Return the site of a book's folder, and its pages' files in the site's, in reading order.

    Raises:
        NoPages: As `pages` does, but for pages none of which is published.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise NoPages(f"The book's folder {folder} {what}.")
    site = site_of(folder, base_url)
    suffixes = _by_suffix()
    try:
        found = [path for path in walk(site.folder) if docusaurus.is_page(path, site.rules)]
    except OSError as error:
        raise NoPages(f"The folder {error.filename} cannot be read ({error.strerror}).") from error
    paths = sorted(path for path in found if path.suffix.lower() in suffixes)
    if not paths:
        raise no_pages(site.folder)
    return site, paths


def load_page(site: Site, path: PurePosixPath) -> Document | BrokenPage | None:
    """Load one of a book's pages; None for one that is not published.

    Args:
        site: What the book's folder is part of.
        path: The page's file, relative to the site's folder of pages.
    """
    name = str(path).encode("utf-8", "replace").decode()
    if name != str(path):
        return BrokenPage(name, None, "Its name is not UTF-8 text.")
    try:
        if not site.holds((site.folder / path).resolve()):
            return BrokenPage(name, None, "It is a link that leads out of the book.")
    except (OSError, RuntimeError):  # a loop of links, which the loader says
        pass
    try:
        loader = _by_suffix()[path.suffix.lower()]
        page = loader.load(site.folder, path, base_url=site.base_url)
    except Unreadable as error:
        return BrokenPage(name, error.line, error.reason)
    return without_unseen(page) if page else None


def no_pages(folder: Path) -> NoPages:
    """Return the refusal of a folder without a page."""
    return NoPages(f"The book's folder {folder} holds no page ({', '.join(_by_suffix())}).")


def _by_suffix() -> dict[str, Loader]:
    return {suffix: loader for loader in LOADERS for suffix in loader.suffixes}
