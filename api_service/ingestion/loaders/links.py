"""Links between pages, made absolute: a text is quoted far from the page it stands on.

Source: markdownLinks of @docusaurus/utils 3.10 and Link of @docusaurus/core.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urljoin, urlsplit

from api_service.ingestion.loaders import docusaurus, front_matter
from api_service.ingestion.loaders.files import Unreadable, read_text
from api_service.ingestion.loaders.sites import Site

_PAGE = re.compile(r"(?P<file>[^?#]+\.(?:mdx?|ipynb))(?P<rest>[?#].*)?", re.IGNORECASE)
_REST = re.compile(r"[?#].*", re.DOTALL)


def absolute(target: str, *, site: Site, page_url: str, file: Path) -> str:
    """Return the address that a link leads to.

    Args:
        target: As written: another page's file ("../arms.md#joints"), an address relative to the
            page's ("./arms", "#joints"), or one that is absolute already.
        site: The page's.
        page_url: Where the page is read.
        file: The file that holds the link: the page's own, or one it includes.
    """
    try:
        is_asset = target.startswith("pathname://")
        target = target.removeprefix("pathname://")
        if urlsplit(target).scheme or target.startswith("//"):
            return target
        match = _PAGE.fullmatch(target)
        page = _page_url(unquote(match["file"]), site, file) if match else None
        if match and page:
            return page + (match["rest"] or "")
        if target.startswith("#"):
            return urljoin(page_url, target)
        found = _REST.search(target)
        rest = found[0] if found else ""
        address = urljoin(page_url, _below_home(target.removesuffix(rest), site))
        is_asset = is_asset or (file.parent / target).is_file()
        return (address if is_asset else site.rules.slashed(address)) + rest
    except (ValueError, OSError):  # brackets in odd places, a name of a mile: no address at all
        return target


def _below_home(target: str, site: Site) -> str:
    """Return a path below the site's own, as Docusaurus makes it of one below the host."""
    home = site.rules.home
    if home is None or not target.startswith("/"):
        return target
    path = urlsplit(home).path
    return target if f"{target}/".startswith(path) else home + target.lstrip("/")


def _page_url(name: str, site: Site, file: Path) -> str | None:
    """Return a page's address by its file's name; None if there is no such page."""
    shelves = ((site.folder, site.base_url), *site.beside)
    for path in _candidates(name, site, file):
        for folder, base_url in shelves:
            if not path.is_relative_to(folder) or not path.is_file():
                continue
            below = PurePosixPath(path.relative_to(folder).as_posix())
            try:
                about, _ = front_matter.part(read_text(path))
            except Unreadable:
                return None
            return docusaurus.place(below, about, base_url=base_url, rules=site.rules).url
    return None


def _candidates(name: str, site: Site, file: Path) -> Iterator[Path]:
    """Yield the files that a name may mean, the likeliest first."""
    if name.startswith("@site/"):
        folders = [site.root]
        name = name.removeprefix("@site/")
    else:
        near = [] if name.startswith("/") else [file.parent]
        is_exact = name.startswith(("./", "../"))
        everywhere = [site.folder, *(folder for folder, url in site.beside if url == site.base_url)]
        folders = near if is_exact else [*near, *everywhere, site.root]
    for folder in folders:
        yield Path(normpath((folder / name.lstrip("/")).as_posix()))
