from pathlib import Path

import pytest

from tests.api_service.ingestion.books import load, load_page


@pytest.mark.parametrize(
    "line",
    [
        "!!!include(_units.md)!!!",
        "!!! include ('./_units.md') !!!",
        ":::{include} _units.md\n:::",
        "::::include ./_units.md\n::::",
        "import Units from './_units.md';\n\n<Units />",
    ],
)
def test_a_page_is_included_by_a_line_of_text_or_an_import(tmp_path: Path, line: str) -> None:
    book = load(
        tmp_path,
        {"page.mdx": f"# Page\n\nAbove.\n\n{line}\n\nBelow.", "_units.md": "Lengths in metres."},
    )
    (page,) = book.documents
    assert page.sections[0].text == "Above.\n\nLengths in metres.\n\nBelow."
    assert page.flaws == ()


def test_what_is_included_comes_from_the_line_that_includes_it(tmp_path: Path) -> None:
    book = load(tmp_path, {"a.md": "One.\n\n!!!include(_b.md)!!!\n\nLast.", "_b.md": "x\n\ny"})
    section = book.documents[0].sections[0]
    told = dict(zip(section.text.split("\n"), section.lines, strict=True))
    assert (told["One."], told["x"], told["y"], told["Last."]) == ((1, 1), (3, 3), (3, 3), (5, 5))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("./_missing.md", "cannot be read"),
        ("../../../../etc/passwd.md", "outside the site"),
        ("@site/../../x.md", "outside the site"),
        ("./_loop.md", "includes itself"),
        ("./page.mdx", "includes itself"),
        ("./_latin.md", "not UTF-8"),
    ],
)
def test_what_cannot_be_included_is_named_with_its_line(
    tmp_path: Path, target: str, reason: str
) -> None:
    pages: dict[str, str | bytes] = {
        "page.mdx": f"# Page\n\nimport X from '{target}'\n\nAbove.\n\n<X />\n\nBelow.",
        "_loop.md": "import Loop from './_loop.md'\n\n<Loop />",
        "_latin.md": b"\xe9",
    }
    (page,) = load(tmp_path, pages).documents
    assert [flaw.reason for flaw in page.flaws if reason in flaw.reason]
    assert page.sections[0].text.startswith("Above.")
    assert page.sections[0].text.endswith("Below.")


def test_a_page_outside_the_site_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("Do not tell.")
    site = tmp_path / "site"
    site.mkdir()
    page = load_page(site, "!!!include(../../secret.md)!!!\n\nText.")
    assert "tell" not in page.sections[0].text
    assert [(flaw.line, "outside the site" in flaw.reason) for flaw in page.flaws] == [(1, True)]
