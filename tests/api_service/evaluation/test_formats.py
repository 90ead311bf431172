import json
from pathlib import Path

import pytest

from api_service.evaluation.chunks import Share, judge, measure
from api_service.evaluation.formats import reading
from tests.api_service.ingestion.books import write_book
from tests.api_service.ingestion.pdfs import lines, pdf

pytest.importorskip("justhtml", reason="needs the extra `formats`")
pytest.importorskip("pypdfium2", reason="needs the extra `formats`")

HTML = """<!doctype html><head><title>T</title></head><nav>Menu</nav><main><h1>Arms</h1>
<p>Opening words of the <b>page</b>, with ROS_DOMAIN_ID and List&lt;T&gt;.
<p hidden>Nobody sees this.
<h2 id=j>Joints<a class=headerlink href="#j">¶</a></h2>
<pre><code class=language-rust>fn main() {
    x();
}</code></pre>
<table><tr><th>Joint<th>Torque<tr><td>elbow<td>3 N m</table>
<ul><li>one<li>two words<br>more</ul></main>"""
NOTEBOOK = json.dumps(
    {
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Arms\n", "\n", "Opening words."]},
            {"cell_type": "code", "source": ["a = 1\n", "b = 2"], "outputs": []},
            {"cell_type": "code", "source": "%%bash\nls", "outputs": []},
            {"cell_type": "markdown", "source": "## Joints\n\nWords about joints."},
        ],
    }
)


def test_pages_of_all_formats_are_judged_by_their_files(tmp_path: Path) -> None:
    folder = write_book(
        tmp_path,
        {
            "a.html": HTML,
            "b.ipynb": NOTEBOOK,
            "c.pdf": pdf([lines("Text.")]),
            "d.md": "# D\n\nWords.",
        },
    )
    measured = measure(folder, max_tokens=400)
    found = measured.findings
    assert found.faults == ()
    assert (measured.pages, measured.judged, measured.broken) == (4, 3, 0)
    assert (found.fences, found.tables) == (Share(3, 3), Share(1, 1))
    assert found.headings.part == found.headings.whole == 5
    assert found.lines.part == found.lines.whole > 10


def test_what_a_page_of_html_says_is_read_without_what_surrounds_it(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(HTML)
    page = reading(path)
    assert page is not None
    said = [line.words for line in page.lines]
    assert said[:3] == ["arms", "opening words of the page with ros domain id and list t", "joints"]
    assert "elbow" in said
    assert all("menu" not in line and "nobody" not in line for line in said)
    assert page.lines[-1].path == ("Arms", "Joints")


def test_a_torn_fence_of_html_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(HTML)
    found = judge(reading(path), [], name="a.html", title="Arms", max_tokens=400)
    assert found.fences == Share(0, 1)
    assert found.tables == Share(0, 1)
    assert found.lines.part == 0


def test_a_page_of_a_format_without_lines_has_no_reading(tmp_path: Path) -> None:
    assert reading(tmp_path / "a.pdf") is None
