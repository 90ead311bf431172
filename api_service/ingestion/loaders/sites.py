"""The Docusaurus site that a book's folder belongs to, and where on it the book is read.

Source: versions/ of @docusaurus/plugin-content-docs 3.10 and server/i18n of @docusaurus/core.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from api_service.documents import Flaw
from api_service.ingestion.loaders.docs_plugins import (
    CURRENT,
    Configuration,
    DocsPlugin,
    Language,
    load_configuration,
    prefixed,
    route,
)
from api_service.ingestion.loaders.docusaurus import NO_SITE, Rules
from api_service.settings import BOOK_IN_DEVELOPMENT

_SUFFIXES = ("js", "ts", "mjs", "cjs", "mts", "cts")
_NO_DOCS = (
    "The folder of the docs that readers see first is not there: all pages of the site's folder "
    "are taken. To ingest others, name theirs."
)
_DEEPEST_DOCS = 4  # i18n/fr/docusaurus-plugin-content-docs/current


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of pages: one language of one version of one set of docs.

    Attributes:
        folder: Where its pages stand.
        path: Where they are read, below the site's host, such as "/library/fr/docs/next".
        home: The site's own path in this language, such as "/library/fr".
        plugin: The set of docs; version, language: which of it.
        usual: Where the version readers see first is read, in the site's own language.
    """

    folder: Path
    path: str
    home: str
    plugin: DocsPlugin
    version: str
    language: Language
    usual: str


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of the site around a folder of pages.

    Attributes:
        folder: The folder of pages.
        root: The site's folder, which "@site/" stands for.
        base_url: Where the pages are read.
        rules: What the site says of pages and addresses.
        beside: Other folders of the same docs, and where their pages are read: for links.
        configuration: The file's name, if there is one.
        flaws: What of it could not be read.
    """

    folder: Path
    root: Path
    base_url: str
    rules: Rules = NO_SITE
    beside: tuple[tuple[Path, str], ...] = ()
    configuration: str | None = None
    flaws: tuple[Flaw, ...] = ()

    def holds(self, file: Path) -> bool:
        """Tell whether a file, its links followed, is the site's own."""
        return self._below(file) is not None

    def shows(self, file: Path) -> bool:
        """Tell whether it is so, and neither hidden nor in a hidden folder: .env is no text."""
        below = self._below(file)
        return below is not None and not any(part.startswith(".") for part in below.parts)

    def _below(self, file: Path) -> Path | None:
        folders = (self.folder, self.root.resolve())
        return next((file.relative_to(at) for at in folders if file.is_relative_to(at)), None)


def site_of(folder: Path, base_url: str = BOOK_IN_DEVELOPMENT) -> Site:
    """Return the site of a book's folder.

    Args:
        folder: A folder of pages; or a site's own, which stands for the version of its docs that
            readers see first. A translation or another version is named by its folder.
        base_url: Where the book is read. The address of Docusaurus in development stands for the
            path that the site says; so does the address of the site's docs, where the folder holds
            another version or language of them. Any other address counts as it is.
    """
    folder = folder.resolve()
    file = _configuration(folder)
    if file is None:
        return Site(folder, folder.parent, base_url)
    inputs = (file, *sorted(file.parent.glob("*versions.json")))
    return _site(folder, base_url, file, tuple(_changed(at) for at in inputs))


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=32)
def _site(folder: Path, base_url: str, file: Path, changed: tuple[int, ...]) -> Site:  # noqa: ARG001 - `changed` makes a changed configuration another one
    said = load_configuration(file)
    root = file.parent
    shelves = tuple(_shelves(said, root))
    flaws = said.flaws
    if folder == root:
        own = next((shelf for shelf in shelves if _is_first(shelf, said)), None)
        flaws += tuple(
            _left_out(plugin) for plugin in said.plugins if own and plugin is not own.plugin
        )
        if own is None:
            flaws += (Flaw(None, _NO_DOCS),)
    else:
        own = next((shelf for shelf in shelves if shelf.folder == folder), None)
    if own is None:
        rules = Rules(trailing_slash=said.trailing_slash, keep_case=said.keep_case)
        return Site(folder, root, base_url, rules, (), file.name, flaws)
    url = _address(base_url.rstrip("/"), own)
    is_known = urlsplit(url).path.endswith(own.path)
    origin = url.removesuffix(own.path) if is_known else None
    return Site(
        folder=own.folder,
        root=root,
        base_url=url,
        rules=Rules(
            include=own.plugin.include,
            exclude=own.plugin.exclude,
            number_prefixes=own.plugin.number_prefixes,
            trailing_slash=said.trailing_slash,
            keep_case=said.keep_case,
            home=None if origin is None else f"{origin}{own.home}/",
        ),
        beside=() if origin is None else tuple(_beside(own, shelves, origin)),
        configuration=file.name,
        flaws=flaws,
    )


@lru_cache(maxsize=32)
def _configuration(folder: Path) -> Path | None:
    """Return the configuration file of the site around a folder, or of one beside that uses it.

    It is looked for once, not for every page.
    """
    for above in (folder, *folder.parents[:_DEEPEST_DOCS]):
        if file := _file_in(above):
            return file
    try:
        beside = sorted({near.parent for near in folder.parent.glob("*/docusaurus.config.*")})
    except OSError:  # a neighbour on a disk that is away
        return None
    for near in beside:
        file = _file_in(near)
        if file and any(
            _folder(file.parent / plugin.folder, file.parent) == folder
            for plugin in load_configuration(file).plugins
        ):
            return file
    return None


def _file_in(folder: Path) -> Path | None:
    names = (folder / f"docusaurus.config.{suffix}" for suffix in _SUFFIXES)
    return next((file for file in names if file.is_file()), None)


def _shelves(said: Configuration, root: Path) -> Iterator[Shelf]:
    for plugin in said.plugins:
        for version, below in plugin.versions:
            is_current = version == CURRENT
            name = CURRENT if is_current else f"version-{version}"
            frozen = f"{prefixed(plugin.id, 'versioned_docs')}/{name}"
            source = root / (plugin.folder if is_current else frozen)
            of_plugin = "docusaurus-plugin-content-docs"
            of_plugin += "" if plugin.id == "default" else f"-{plugin.id}"
            usual = _path(said.path, plugin.route)
            for language in said.languages:
                path = _path(language.path, plugin.route, below)
                home = _path(language.path)
                places = (root / said.translations / language.folder / of_plugin / name, source)
                for place in places if language is not said.languages[0] else reversed(places):
                    folder = _folder(place, root)
                    if folder:
                        yield Shelf(folder, path, home, plugin, version, language, usual)


def _folder(place: Path, root: Path) -> Path | None:
    """Return a folder of pages that a configuration names; None where there is no such one.

    It stands in the site's folder or beside it, as "../docs" does: whoever writes a configuration
    does not choose what else of the disk is read.
    """
    try:
        folder = place.resolve()
        is_near = folder.is_relative_to(root.resolve().parent)
        return folder if is_near and folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # a name of a mile, a loop of links, a NUL
        return None


def _path(*parts: str) -> str:
    return quote(route(*parts), safe="/:@!$&'()*+,;=~")


def _is_first(shelf: Shelf, said: Configuration) -> bool:
    """Tell whether a shelf is what readers of the site see first."""
    plugins = sorted(said.plugins, key=lambda plugin: plugin.id != "default")
    return (
        shelf.plugin is plugins[0]
        and shelf.version == shelf.plugin.last
        and shelf.language is said.languages[0]
    )


def _left_out(plugin: DocsPlugin) -> Flaw:
    return Flaw(None, f"The docs in {plugin.folder} are left out; name that folder to ingest them.")


def _address(base_url: str, own: Shelf) -> str:
    path = urlsplit(base_url).path
    host = base_url.removesuffix(path)
    if base_url == BOOK_IN_DEVELOPMENT:
        return host + own.path
    if not path.endswith(own.path) and path.endswith(own.usual):
        return host + path.removesuffix(own.usual) + own.path
    return base_url


def _beside(own: Shelf, shelves: tuple[Shelf, ...], origin: str) -> Iterator[tuple[Path, str]]:
    for shelf in shelves:
        is_other = shelf.folder != own.folder
        if is_other and shelf.plugin is own.plugin and shelf.language is own.language:
            yield shelf.folder, origin + shelf.path
