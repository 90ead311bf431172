"""The example book and three nasty sites, built by Docusaurus itself: its addresses are ours."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

from api_service.documents import Document
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import load_book
from api_service.settings import BOOK_IN_DEVELOPMENT
from tests.api_service.ingestion.books import EXAMPLE

SITES = Path(__file__).parent / "sites"
HOST = "http://localhost:3000"
LINK = re.compile(r"\]\((?P<target>http://localhost:3000[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)[)\s]")
DEFINITION = re.compile(r"^\[[^\]]+\]: (?P<target>http://localhost:3000\S*)", re.MULTILINE)

# Site, folder within it that is ingested, and where its pages are read.
SOURCES = [
    ("library", "book", "/library/the-book"),
    ("library", "nasty", "/library/books/nasty/unreleased"),
    ("library", "nasty_versioned_docs/version-2.0", "/library/books/nasty"),
    ("library", "nasty_versioned_docs/version-1.0", "/library/books/nasty/1.0"),
    ("library", "plain", "/library/plain"),
    (
        "library",
        "i18n/fr/docusaurus-plugin-content-docs-nasty/current",
        "/library/fr/books/nasty/unreleased",
    ),
    (
        "library",
        "i18n/fr/docusaurus-plugin-content-docs-nasty/version-2.0",
        "/library/fr/books/nasty",
    ),
    ("slashed", ".", ""),
    ("bare", ".", "/book"),
]
every_source = pytest.mark.parametrize(("site", "folder", "path"), SOURCES)
pytestmark = pytest.mark.timeout(600)  # installing and building take a minute on a quiet machine


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """A page as Docusaurus wrote it.

    Attributes:
        anchors: Ids of the headings that begin a section, in order.
        links: Where the links in its text lead, absolute, percent-decoded.
        is_listed: Not hidden from readers.
        is_written: From a Markdown file.
    """

    anchors: tuple[str, ...]
    links: frozenset[str]
    is_listed: bool
    is_written: bool


class Reading(HTMLParser):
    """Collects what a built page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.canonical = ""
        self.robots = ""
        self.is_written = False
        self.anchors: list[str] = []
        self.links: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attrs}
        if tag == "link" and about.get("rel") == "canonical":
            self.canonical = about["href"]
        if tag == "meta" and about.get("name") == "robots":
            self.robots = about["content"]
        if "theme-doc-markdown" in about.get("class", ""):
            self.is_written = True
            self._open = []
        if tag in {"blockquote", "li", "section", "div", "article"}:
            self._open.append(tag)
        is_text = self.is_written and "article" not in self._open
        if is_text and tag == "a" and "hash-link" not in about.get("class", ""):
            self.links.append(about.get("href", ""))
        starts = not {"blockquote", "li", "section"} & set(self._open)
        if is_text and starts and re.fullmatch("h[2-6]", tag) and about.get("id"):
            self.anchors.append(about["id"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._open.append(tag)  # what follows the text is the theme's
        elif tag in self._open:
            while self._open.pop() != tag:
                pass


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sites, each with what Docusaurus built of it in `build`."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm and Node.js, to build the sites with Docusaurus itself")
    folder = tmp_path_factory.mktemp("docusaurus") / "sites"
    shutil.copytree(SITES, folder)
    shutil.copytree(EXAMPLE, folder / "library" / "book")
    shutil.copytree(folder / "slashed" / "handbook", folder / "shelf")  # the docs of `bare`
    flags = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefer-offline"]
    installed = _run(["npm", "install", *flags], folder)
    if installed.returncode:
        pytest.skip(f"npm could not install Docusaurus: {installed.stderr[-300:]}")
    docusaurus = folder / "node_modules" / ".bin" / "docusaurus"
    with ThreadPoolExecutor() as builders:
        built = builders.map(
            lambda site: _run([str(docusaurus), "build", "--no-minify", site], folder),
            ("library", "slashed", "bare"),
        )
    for done in built:
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | {"NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def built_pages(build: Path) -> dict[str, BuiltPage]:
    """Return every page of a built site by its address, percent-decoded."""
    return dict(_read(build))


def _read(build: Path) -> Iterator[tuple[str, BuiltPage]]:
    for file in build.rglob("*.html"):
        reading = Reading()
        reading.feed(file.read_text(encoding="utf-8"))
        address = HOST + urlsplit(unquote(reading.canonical)).path
        links = {unquote(urljoin(address, link)) for link in reading.links}
        yield (
            address,
            BuiltPage(
                anchors=tuple(reading.anchors),
                links=frozenset(link for link in links if _is_a_page(link)),
                is_listed="noindex" not in reading.robots,
                is_written=reading.is_written,
            ),
        )


def _is_a_page(link: str) -> bool:
    is_ours_to_know = "/assets/" not in link and "#user-content-fn" not in link
    return link.startswith(HOST) and is_ours_to_know


@cache
def our_pages(source: Path) -> dict[str, Document]:
    book = load_book(source, base_url=BOOK_IN_DEVELOPMENT)
    assert book.broken == ()
    return {unquote(page.url): page for page in book.documents}


@every_source
def test_every_page_of_ours_is_one_of_docusaurus_own(
    built: Path, site: str, folder: str, path: str
) -> None:
    pages = built_pages(built / site / "build")
    ours = our_pages(built / site / folder)
    assert ours
    assert [url for url in ours if url not in pages] == []
    assert all(url.startswith(HOST + path) for url in ours)


@pytest.mark.parametrize("site", ["library", "slashed", "bare"])
def test_every_page_that_docusaurus_publishes_is_one_of_ours(built: Path, site: str) -> None:
    ours = {
        url
        for other, folder, _ in SOURCES
        if other == site
        for url in our_pages(built / site / folder)
    }
    theirs = {
        url
        for url, page in built_pages(built / site / "build").items()
        if page.is_written and page.is_listed and "/fr/" not in url
    }
    assert {url for url in ours if "/fr/" not in url} == theirs


@every_source
def test_every_heading_has_the_anchor_that_docusaurus_gave_it(
    built: Path, site: str, folder: str, path: str
) -> None:
    pages = built_pages(built / site / "build")
    for url, page in our_pages(built / site / folder).items():
        anchors = tuple(section.anchor for section in page.sections if section.anchor)
        assert anchors == pages[url].anchors, url


@every_source
def test_every_chunk_s_link_resolves(built: Path, site: str, folder: str, path: str) -> None:
    pages = built_pages(built / site / "build")
    for page in our_pages(built / site / folder).values():
        for chunk in split(page, max_tokens=400):
            assert not chunk.anchor or chunk.anchor in pages[unquote(chunk.url)].anchors


@every_source
def test_every_link_in_a_text_leads_where_it_leads_on_the_site(
    built: Path, site: str, folder: str, path: str
) -> None:
    pages = built_pages(built / site / "build")
    for url, page in our_pages(built / site / folder).items():
        text = "\n".join(section.text for section in page.sections)
        ours = {unquote(match["target"]) for match in LINK.finditer(text)}
        ours |= {unquote(match["target"]) for match in DEFINITION.finditer(text)}
        assert ours == pages[url].links, url


def test_the_links_of_the_example_book_lead_to_pages_and_headings(built: Path) -> None:
    pages = built_pages(built / "library" / "build")
    links = {link for url in our_pages(built / "library" / "book") for link in pages[url].links}
    assert len(links) > 10
    for link in links:
        url, anchor = urldefrag(link)
        assert not anchor or anchor in pages[url].anchors, link
