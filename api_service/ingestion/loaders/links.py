"""Links between pages, made absolute: a text is quoted far from the page it stands on."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urljoin, urlsplit

from api_service.ingestion.loaders import docusaurus, front_matter
from api_service.ingestion.loaders.files import Unreadable, read_text

_PAGE = re.compile(r"(?P<file>[^?#]+\.(?:mdx?|ipynb))(?P<rest>[?#].*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Site:
    """What the links and the includes of one page are resolved against.

    Attributes:
        folder: The book's folder.
        root: The site's folder, which "@site/" stands for.
        base_url: Where the book is served.
        page_url: Where the page is read.
    """

    folder: Path
    root: Path
    base_url: str
    page_url: str


def absolute(target: str, *, site: Site, file: Path) -> str:
    """Return the address that a link leads to.

    Args:
        target: As written: another page's file ("../arms.md#joints"), an address relative to the
            page's ("./arms", "#joints"), or one that is absolute already.
        site: The page's.
        file: The file that holds the link: the page's own, or one it includes.
    """
    try:
        if urlsplit(target).scheme or target.startswith("//"):
            return target
        match = _PAGE.fullmatch(target)
        page = _page_url(unquote(match["file"]), site, file) if match else None
        if match and page:
            return page + (match["rest"] or "")
        return urljoin(site.page_url, target)
    except ValueError:  # brackets in odd places: no address at all
        return target


def _page_url(name: str, site: Site, file: Path) -> str | None:
    """Return a page's address by its file's name; None if there is no such page."""
    if name.startswith("@site/"):
        path = site.root / name.removeprefix("@site/")
    elif name.startswith("/"):
        path = site.folder / name.lstrip("/")
    else:
        path = file.parent / name
    path = Path(normpath(path.as_posix()))
    if not path.is_relative_to(site.folder) or not path.is_file():
        return None
    try:
        about, _ = front_matter.part(read_text(path))
    except Unreadable:
        return None
    below = PurePosixPath(path.relative_to(site.folder).as_posix())
    return docusaurus.place(below, about, base_url=site.base_url).url
