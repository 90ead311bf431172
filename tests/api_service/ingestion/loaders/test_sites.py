import json
import os
from pathlib import Path

import pytest

from api_service.ingestion.loaders import load_book
from api_service.ingestion.loaders.docusaurus import NO_SITE
from api_service.ingestion.loaders.sites import site_of
from api_service.settings import BOOK_IN_DEVELOPMENT

FRENCH = "i18n/fr/docusaurus-plugin-content-docs"


def make_site(folder: Path, settings: str = "", *, docs: str = "") -> Path:
    """Write a site with two versions and a translation of each, and return its folder."""
    site = folder / "site"
    for place in (
        "docs",
        "versioned_docs/version-1.0",
        "versioned_docs/version-2.0",
        f"{FRENCH}/current",
        f"{FRENCH}/version-2.0",
        "blog",
    ):
        (site / place).mkdir(parents=True)
        (site / place / "a.md").write_text("# A\n\n[b](b.md)\n")
    for place in ("docs", "versioned_docs/version-2.0"):
        (site / place / "b.md").write_text("---\nslug: bee\n---\n# B\n\n[a](a.md)\n")
    (site / "README.md").write_text("# No page\n")
    (site / "versions.json").write_text('["2.0", "1.0"]')
    (site / "docusaurus.config.js").write_text(
        "module.exports = {i18n: {defaultLocale: 'en', locales: ['en', 'fr']}, "
        f"presets: [['classic', {{docs: {{{docs}}}}}]], {settings}}};"
    )
    return site


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("docs", "/lib/guide/next"),
        ("versioned_docs/version-2.0", "/lib/guide"),
        ("versioned_docs/version-1.0", "/lib/guide/1.0"),
        (f"{FRENCH}/current", "/lib/fr/guide/next"),
        (f"{FRENCH}/version-2.0", "/lib/fr/guide"),
        (".", "/lib/guide"),
    ],
)
@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        (BOOK_IN_DEVELOPMENT, "http://localhost:3000"),
        ("https://book.example/lib/guide", "https://book.example"),
        ("https://book.example/behind/a/proxy/lib/guide/", "https://book.example/behind/a/proxy"),
    ],
)
def test_a_folder_is_read_where_the_site_says(
    tmp_path: Path, folder: str, path: str, base_url: str, host: str
) -> None:
    site = make_site(tmp_path, "baseUrl: '/lib/'", docs="routeBasePath: 'guide'")
    found = site_of(site / folder, base_url)
    assert found.base_url == host + path
    assert found.rules.home == host + ("/lib/fr/" if "/fr/" in path else "/lib/")


@pytest.mark.parametrize(
    ("folder", "base_url"),
    [
        ("docs", "https://book.example/lib/guide/next"),
        ("versioned_docs/version-1.0", "https://book.example/lib/guide/1.0"),
        ("docs", "https://book.example/elsewhere"),
        ("docs", "https://guide"),
        ("blog", "https://book.example/lib/guide"),
        ("blog", BOOK_IN_DEVELOPMENT),
    ],
)
def test_an_address_that_already_says_all_or_that_no_site_knows_stays(
    tmp_path: Path, folder: str, base_url: str
) -> None:
    site = make_site(tmp_path, "baseUrl: '/lib/'", docs="routeBasePath: 'guide'")
    assert site_of(site / folder, base_url).base_url == base_url


def test_an_address_once_found_stays(tmp_path: Path) -> None:
    site = make_site(tmp_path, docs="routeBasePath: '/'")
    once = site_of(site / FRENCH / "current", "https://book.example")
    assert once.base_url == "https://book.example/fr/next"
    assert site_of(once.folder, once.base_url) == once


def test_a_site_s_folder_stands_for_what_its_readers_see_first(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    book = load_book(site, base_url=BOOK_IN_DEVELOPMENT)
    assert site_of(site).folder == site / "versioned_docs" / "version-2.0"
    assert [(page.path, page.url) for page in book.documents] == [
        ("a.md", "http://localhost:3000/docs/a"),
        ("b.md", "http://localhost:3000/docs/bee"),
    ]


def test_a_site_without_the_docs_it_names_says_that_all_its_pages_are_taken(
    tmp_path: Path,
) -> None:
    (tmp_path / "docusaurus.config.js").write_text("module.exports = {};")
    found = site_of(tmp_path)
    assert found.folder == tmp_path
    (flaw,) = found.flaws
    assert "all pages of the site's folder are taken" in flaw.reason


def test_of_several_sets_of_docs_the_site_s_folder_stands_for_the_default_one(
    tmp_path: Path,
) -> None:
    plugins = "plugins: [['content-docs', {id: 'lab', path: 'lab'}]]"
    site = make_site(tmp_path, plugins, docs="lastVersion: 'current'")
    found = site_of(site)
    assert found.folder == site / "docs"
    (flaw,) = found.flaws
    assert flaw.reason == "The docs in lab are left out; name that folder to ingest them."
    assert site_of(site / "docs").flaws == ()


def test_links_lead_to_other_versions_and_to_what_is_not_translated(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    (site / "docs" / "a.md").write_text("[old](@site/versioned_docs/version-1.0/a.md)")
    (page, _) = load_book(site / "docs", base_url=BOOK_IN_DEVELOPMENT).documents
    assert page.sections[0].text == "[old](http://localhost:3000/docs/1.0/a)"
    (page,) = load_book(site / FRENCH / "current", base_url=BOOK_IN_DEVELOPMENT).documents
    assert page.sections[0].text == "[b](http://localhost:3000/fr/docs/next/bee)"


def test_a_changed_configuration_counts_at_once(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    assert site_of(site / "docs").rules.trailing_slash is None
    file = site / "docusaurus.config.js"
    file.write_text("module.exports = {trailingSlash: true};")
    os.utime(file, (1, 1))
    found = site_of(site / "docs")
    assert found.rules.trailing_slash is True
    assert found.base_url == "http://localhost:3000/docs/next"


def test_docs_beside_the_site_s_folder_are_the_site_s(tmp_path: Path) -> None:
    website = tmp_path / "website"
    website.mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "notes").mkdir()
    (website / "_shared.md").write_text("Shared.")
    (tmp_path / "docs" / "_own.md").write_text("Own.")
    (tmp_path / "docs" / "a.mdx").write_text(
        "import S from '@site/_shared.md';\nimport O from './_own.md';\n\n<S/>\n\n<O/>\n"
    )
    (website / "docusaurus.config.ts").write_text(
        "export default {presets: [['classic', {docs: {path: '../docs', routeBasePath: '/'}}]]};"
    )
    for source in (tmp_path / "docs", website):
        (page,) = load_book(source, base_url=BOOK_IN_DEVELOPMENT).documents
        assert (page.url, page.flaws) == ("http://localhost:3000/a", ())
        assert page.sections[0].text == "Shared.\n\nOwn."
    assert site_of(tmp_path / "notes").configuration is None


def test_a_folder_without_a_site_has_no_rules(tmp_path: Path) -> None:
    found = site_of(tmp_path, "https://book.example/docs")
    assert (found.folder, found.base_url) == (tmp_path, "https://book.example/docs")
    assert (found.rules, found.flaws, found.configuration) == (NO_SITE, (), None)


def test_what_the_site_excludes_is_no_page(tmp_path: Path) -> None:
    site = make_site(tmp_path, docs="exclude: ['b.*'], include: ['*.md']")
    (site / "docs" / "c.mdx").write_text("# C")
    (site / "docs" / "d.MD").write_text("# D")
    book = load_book(site / "docs", base_url=BOOK_IN_DEVELOPMENT)
    assert [page.path for page in book.documents] == ["a.md"]


def test_capitals_stay_in_anchors_where_the_site_says_so(tmp_path: Path) -> None:
    site = make_site(tmp_path, "markdown: {anchors: {maintainCase: true}}")
    (site / "docs" / "_p.md").write_text("## From a Part {x}\n")
    (site / "docs" / "a.md").write_text("import P from './_p.md'\n\n## Two Words\n\n<P/>\n")
    page = load_book(site / "docs", base_url=BOOK_IN_DEVELOPMENT).documents[0]
    assert [section.anchor for section in page.sections] == ["Two-Words", "From-a-Part-x"]


@pytest.mark.parametrize("path", ["do\\0cs", "a" * 5000, "../../elsewhere", "/etc"])
def test_a_folder_no_site_has_is_not_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.md").write_text("Secret.")
    site = tmp_path / "near" / "site"
    site.mkdir(parents=True)
    docs = f"{{docs: {{path: '{path}'}}}}"
    (site / "docusaurus.config.js").write_text(
        f"module.exports = {{presets: [['classic', {docs}]]}}"
    )
    assert (site_of(site).folder, site_of(site).beside) == (site, ())


def test_odd_names_of_versions_stop_nothing(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    (site / "versions.json").write_text(json.dumps(["a\0b", "x" * 3000, "\ud800"]))
    assert [page.path for page in load_book(site / "docs", base_url=BOOK_IN_DEVELOPMENT).documents]
