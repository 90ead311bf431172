import json
from pathlib import Path

import pytest

from api_service.documents import Document
from tests.api_service.ingestion.books import BASE_URL, load, load_page

Cell = dict[str, object]


def markdown(*source: str, **members: object) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": list(source), **members}


def code(*source: str, outputs: list[Cell] | None = None, **members: object) -> Cell:
    cell = {"cell_type": "code", "metadata": {}, "source": list(source), "outputs": outputs or []}
    return {**cell, **members}


def notebook(*cells: Cell, metadata: Cell | None = None) -> str:
    return json.dumps({"cells": cells, "metadata": metadata or {}, "nbformat": 4}, indent=1)


def page_of(folder: Path, *cells: Cell, metadata: Cell | None = None) -> Document:
    return load_page(folder, notebook(*cells, metadata=metadata), name="02-arms.ipynb")


def text_of(folder: Path, *cells: Cell, metadata: Cell | None = None) -> str:
    (section,) = page_of(folder, *cells, metadata=metadata).sections
    assert len(section.lines) == section.text.count("\n") + 1
    return section.text


PYTHON: Cell = {"kernelspec": {"language": "python"}}


def test_cells_become_one_page_cut_at_its_headings(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        markdown("# Arms\n", "\n", "Opening."),
        code("a = 1\n", "b = 2"),
        markdown("## Set up"),
        markdown("Words."),
        metadata=PYTHON,
    )
    assert (page.id, page.title, page.url) == ("arms", "Arms", f"{BASE_URL}/arms")
    assert [(s.heading_path, s.anchor, s.text) for s in page.sections] == [
        (("Arms",), "", "Opening.\n\n```python\na = 1\nb = 2\n```"),
        (("Arms", "Set up"), "set-up", "Words."),
    ]


def test_every_line_knows_its_line_in_the_file(tmp_path: Path) -> None:
    source = notebook(markdown("first\n", "second"), code("x = 1\n", "y = 2"))
    (section,) = load_page(tmp_path, source, name="a.ipynb").sections
    lines = source.split("\n")
    for text, (first, last) in zip(section.text.split("\n"), section.lines, strict=True):
        if text and "`" not in text:
            assert first == last
            assert text in lines[first - 1]


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"language_info": {"name": "julia"}, "kernelspec": {"language": "python"}}, "julia"),
        ({"kernelspec": {"language": "R"}}, "R"),
        ({"kernelspec": {"language": 3}, "language_info": []}, ""),
        ({"kernelspec": {"language": "a\nb"}}, ""),
        ({}, ""),
    ],
)
def test_code_has_the_language_of_the_kernel(tmp_path: Path, metadata: Cell, language: str) -> None:
    assert text_of(tmp_path, code("x"), metadata=metadata) == f"```{language}\nx\n```"


def test_a_magic_says_that_a_cell_is_in_another_language(tmp_path: Path) -> None:
    text = text_of(tmp_path, code("%%bash\n", "ls"), code("%%time\n", "x"), metadata=PYTHON)
    assert text == "```bash\n%%bash\nls\n```\n\n```python\n%%time\nx\n```"


def test_code_that_holds_a_fence_stays_whole(tmp_path: Path) -> None:
    assert text_of(tmp_path, code("'''\n", "```\n", "'''")) == "````\n'''\n```\n'''\n````"


def test_what_was_printed_is_kept_without_colours_pictures_and_errors(tmp_path: Path) -> None:
    text = text_of(
        tmp_path,
        code(
            "x",
            outputs=[
                {"output_type": "stream", "name": "stdout", "text": ["\u001b[31mred\u001b[0m\n"]},
                {"output_type": "stream", "name": "stderr", "text": "warned"},
                {"output_type": "execute_result", "data": {"text/plain": "42", "text/html": "<b>"}},
                {"output_type": "display_data", "data": {"image/png": "iVBOR"}},
                {
                    "output_type": "display_data",
                    "data": {"text/plain": "<Figure with 1 Axes>"},
                },
                {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["deep"]},
            ],
        ),
    )
    assert text == "```\nx\n```\n\n```text\nred\n```\n\n```text\n42\n```"


def test_only_the_beginning_of_long_output_is_kept(tmp_path: Path) -> None:
    lines = [f"line {number}\n" for number in range(1000)]
    long = "x" * 100_000
    text = text_of(
        tmp_path,
        code(
            outputs=[
                {"output_type": "stream", "text": lines},
                {"output_type": "stream", "text": long},
            ]
        ),
    )
    assert "line 19" in text
    assert "line 20\n" not in text
    assert len(text) < 3000


def test_words_and_braces_of_markdown_are_no_mdx(tmp_path: Path) -> None:
    source = "import x from 'y'\n\nA set {1, 2} of List<String>, $\\frac{a}{b}$ and {'a'}."
    assert text_of(tmp_path, markdown(source)) == source


def test_html_pictures_and_links_in_markdown_are_read_as_in_pages(tmp_path: Path) -> None:
    text = text_of(
        tmp_path,
        markdown("<div>In a box</div> ![An arm](attachment:a.png) [see](b.md)<!-- not -->"),
        markdown("<table><tr><th>a<th>b<tr><td>1<td>2</table>"),
    )
    assert text == (
        f"In a box\n\n An arm [see]({BASE_URL}/b.md)\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    )


def test_links_lead_to_other_notebooks(tmp_path: Path) -> None:
    book = load(
        tmp_path,
        {
            "a.ipynb": notebook(markdown("[b](./part/01-b.ipynb#x)")),
            "part/01-b.ipynb": notebook(markdown("B")),
        },
    )
    assert book.documents[0].sections[0].text == f"[b]({BASE_URL}/part/b#x)"


def test_a_fence_left_open_ends_with_its_cell(tmp_path: Path) -> None:
    page = page_of(tmp_path, markdown("```python\n", "a"), markdown("## Part"), markdown("Words."))
    assert [section.text for section in page.sections] == ["```python\na\n```", "Words."]
    (flaw,) = page.flaws
    assert "not closed" in flaw.reason
    assert flaw.line


@pytest.mark.parametrize(
    ("tag", "kept"),
    [
        ("remove-cell", ""),
        ("remove_cell", ""),
        ("remove-input", "```text\nout\n```"),
        ("remove-output", "```\nin\n```"),
        ("hide-input", "```\nin\n```\n\n```text\nout\n```"),
    ],
)
def test_cells_tagged_as_removed_are_left_out(tmp_path: Path, tag: str, kept: str) -> None:
    outputs: list[Cell] = [{"output_type": "stream", "text": "out"}]
    cell = code("in", outputs=outputs, metadata={"tags": [tag, 3]})
    page = page_of(tmp_path, cell)
    assert "".join(section.text for section in page.sections) == kept


@pytest.mark.parametrize("kind", ["raw", "markdown"])
def test_front_matter_may_stand_in_the_first_cell(tmp_path: Path, kind: str) -> None:
    front: Cell = {
        "cell_type": kind,
        "source": ["---\n", "title: Grippers\n", "slug: /hands\n", "---"],
    }
    page = page_of(tmp_path, front, markdown("Words."))
    assert (page.title, page.url) == ("Grippers", f"{BASE_URL}/hands")
    assert [section.text for section in page.sections] == ["Words."]


def test_a_draft_is_no_page_and_bad_front_matter_is_named_with_its_line(tmp_path: Path) -> None:
    draft = notebook(markdown("---\ndraft: true\n---\n"))
    bad = notebook(markdown("---\n", "title: [\n", "---"))
    book = load(tmp_path, {"bad.ipynb": bad, "draft.ipynb": draft, "good.md": "# Good"})
    assert [page.path for page in book.documents] == ["good.md"]
    (broken,) = book.broken
    assert broken.line
    assert "title: [" in bad.split("\n")[broken.line - 2]


def test_format_3_has_its_cells_in_worksheets(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 1, "source": ["Arms"]},
        {"cell_type": "heading", "level": 2, "source": "Set\nup"},
        {
            "cell_type": "code",
            "language": "python",
            "input": ["x"],
            "outputs": [{"output_type": "pyout", "text": ["42"]}],
        },
        {"cell_type": "heading", "level": "high", "source": "End"},
    ]
    source = json.dumps(
        {"nbformat": 3, "worksheets": [{"cells": cells[:2]}, {"cells": cells[2:]}, 3]}
    )
    page = load_page(tmp_path, source, name="old.ipynb")
    assert page.title == "Arms"
    assert page.sections[-2].heading_path == ("Arms", "Set up")
    assert page.sections[-2].text == "```python\nx\n```\n\n```text\n42\n```"
