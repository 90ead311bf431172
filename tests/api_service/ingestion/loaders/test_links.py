from pathlib import Path

import pytest

from api_service.ingestion.loaders import load_book
from tests.api_service.ingestion.books import BASE_URL, load, write_book

PAGES: dict[str, str | bytes] = {
    "01-guides/02-arm.mdx": "",
    "01-guides/03-leg.md": "---\nslug: /legs/two\n---\n# Leg",
    "01-guides/index.md": "# Guides",
    "04-broken.md": b"\xff",
    "intro.md": "# Intro",
    "_part.md": "From a part: [leg](./01-guides/03-leg.md).",
}


def linked(folder: Path, target: str) -> str:
    """Return where a link on the page guides/arm leads."""
    book = load(folder, PAGES | {"01-guides/02-arm.mdx": f"[x]({target})"})
    page = next(page for page in book.documents if page.id == "guides/arm")
    return page.sections[0].text.removeprefix("[x](").removesuffix(")").replace(BASE_URL, "~")


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("03-leg.md", "~/legs/two"),
        ("./03-leg.md#knee", "~/legs/two#knee"),
        ("../01-guides/index.md?a=b#c", "~/guides/?a=b#c"),
        ("/01-guides/03-leg.md", "~/legs/two"),
        ("@site/docs/01-guides/03-leg.md", "~/legs/two"),
        ("./leg", "~/guides/leg"),
        ("../other", "~/other"),
        ("#joints", "~/guides/arm#joints"),
        ("/elsewhere", "https://book.example/elsewhere"),
        ("https://example.org/a.md", "https://example.org/a.md"),
        ("//example.org/x", "//example.org/x"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("missing.md", "~/guides/missing.md"),
        ("../04-broken.md", "~/04-broken.md"),
        ("../../../outside.md", "https://book.example/outside.md"),
        ("http://[bad", "http://[bad"),
        ("04-broken.md?a#b", "~/guides/04-broken.md?a#b"),
        ("intro.md", "~/intro"),
        ("pathname:///files/a.pdf", "https://book.example/files/a.pdf"),
        (f"{'n' * 300}.md", f"{'n' * 300}.md"),
    ],
)
def test_a_link_leads_where_it_leads_on_the_site(tmp_path: Path, target: str, address: str) -> None:
    assert linked(tmp_path, target) == address


def test_an_included_file_s_links_are_relative_to_that_file(tmp_path: Path) -> None:
    page = "import Part from '../_part.md';\n\n<Part/>"
    book = load(tmp_path, PAGES | {"01-guides/02-arm.mdx": page})
    arm = next(page for page in book.documents if page.id == "guides/arm")
    assert arm.sections[0].text == f"From a part: [leg]({BASE_URL}/legs/two)."


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("/elsewhere", "~/elsewhere/"),
        ("/elsewhere?a=b#c", "~/elsewhere/?a=b#c"),
        ("/lib/elsewhere", "~/elsewhere/"),
        ("/lib", "~/"),
        ("./leg", "~/docs/guides/arm/leg/"),
        ("#joints", "~/docs/guides/arm/#joints"),
        ("../notes.txt", "~/docs/guides/notes.txt"),
        ("03-leg.md#knee", "~/docs/legs/two/#knee"),
        ("pathname:///files/a.pdf", "~/files/a.pdf"),
        ("https://example.org/a", "https://example.org/a"),
    ],
)
def test_a_link_keeps_to_the_path_and_the_slashes_of_its_site(
    tmp_path: Path, target: str, address: str
) -> None:
    (tmp_path / "docusaurus.config.js").write_text(
        "module.exports = {baseUrl: '/lib/', trailingSlash: true};"
    )
    folder = write_book(
        tmp_path, PAGES | {"01-guides/02-arm.mdx": f"[x]({target})", "notes.txt": "notes"}
    )
    book = load_book(folder, base_url="https://book.example/lib/docs")
    page = next(page for page in book.documents if page.id == "guides/arm")
    found = page.sections[0].text.removeprefix("[x](").removesuffix(")")
    assert found.replace("https://book.example/lib", "~") == address
