from pathlib import Path

import pytest

from tests.api_service.ingestion.books import BASE_URL, load

PAGES: dict[str, str | bytes] = {
    "01-guides/02-arm.mdx": "",
    "01-guides/03-leg.md": "---\nslug: /legs/two\n---\n# Leg",
    "01-guides/index.md": "# Guides",
    "04-broken.md": b"\xff",
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
    ],
)
def test_a_link_leads_where_it_leads_on_the_site(tmp_path: Path, target: str, address: str) -> None:
    assert linked(tmp_path, target) == address


def test_an_included_file_s_links_are_relative_to_that_file(tmp_path: Path) -> None:
    page = "import Part from '../_part.md';\n\n<Part/>"
    book = load(tmp_path, PAGES | {"01-guides/02-arm.mdx": page})
    arm = next(page for page in book.documents if page.id == "guides/arm")
    assert arm.sections[0].text == f"From a part: [leg]({BASE_URL}/legs/two)."
