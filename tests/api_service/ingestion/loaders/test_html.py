# ruff: noqa: E501, ISC004 -- a page and what becomes of it are read side by side
from pathlib import Path

import pytest

from tests.api_service.ingestion.books import BASE_URL, load, load_page

pytest.importorskip("justhtml", reason="needs the extra `formats`")


def page_text(folder: Path, body: str) -> str:
    """Return the text of a page's only section."""
    (section,) = load_page(folder, body, name="page.html").sections
    assert len(section.lines) == section.text.count("\n") + 1
    return section.text


def test_a_page_is_cut_at_its_headings(tmp_path: Path) -> None:
    page = load_page(
        tmp_path,
        "<h1>Arms</h1><p>Opening.<h2 id=j>Joints</h2>J.<h3 id=m>Motors</h3>M.<h2 id=l>Links</h2>L.",
        name="arms.html",
    )
    assert [(s.heading_path, s.anchor, s.text) for s in page.sections] == [
        (("Arms",), "", "Opening."),
        (("Arms", "Joints"), "j", "J."),
        (("Arms", "Joints", "Motors"), "m", "M."),
        (("Arms", "Links"), "l", "L."),
    ]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("<h2 id=own>A</h2>", "own"),
        ("<h2><a id=inner></a>A</h2>", "inner"),
        ("<h2><a name=named>A</a></h2>", "named"),
        ("<a id=before></a><h2>A</h2>", "before"),
        ("<p><a id=before></a></p><h2>A</h2>", "before"),
        ("<section id=around><h2>A</h2></section>", "around"),
        ("<div class=section id=around><header><h2>A</h2></header></div>", "around"),
        ("<section id=far><p>Text.</p><h2>A</h2></section>", ""),
        ("<h2>A</h2>", ""),
        ("<h2 id=own>A<a class=headerlink href='#own'>¶</a></h2>", "own"),
    ],
)
def test_a_heading_is_reached_by_its_own_id_or_one_just_before_it(
    tmp_path: Path, heading: str, anchor: str
) -> None:
    page = load_page(tmp_path, f"<h1>T</h1>{heading}<p>Text.", name="page.html")
    assert (page.sections[-1].heading_path, page.sections[-1].anchor) == (("T", "A"), anchor)


def test_text_in_a_heading_that_is_not_closed_is_text(tmp_path: Path) -> None:
    page = load_page(tmp_path, "<h1>Arms <b>and</b> legs<p>Text.<ul><li>One", name="page.html")
    assert [(s.heading_path, s.text) for s in page.sections] == [
        (("Arms and legs",), "Text.\n\n- One")
    ]


def test_a_heading_without_an_id_is_reached_by_the_one_it_stands_under(tmp_path: Path) -> None:
    page = load_page(
        tmp_path, "<h1 id=t>T</h1><h2 id=a>A</h2><h3>B</h3><p>b<h2>C</h2><p>c", name="page.html"
    )
    assert [(s.heading_path[-1], s.anchor) for s in page.sections[1:]] == [
        ("A", "a"),
        ("B", "a"),
        ("C", "t"),
    ]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (
            "<title>Arms | Book</title><h1>All\n about <b>arms</b><br>today</h1>",
            "All about arms today",
        ),
        ("<title>Arms &amp; legs</title><p>Text.", "Arms & legs"),
        ("<p>Text.", "page"),
        ("<title> </title><h1></h1><h2>Part</h2>", "page"),
    ],
)
def test_the_title_is_the_first_heading_s_or_the_head_s_or_the_file_s(
    tmp_path: Path, page: str, title: str
) -> None:
    assert load_page(tmp_path, page, name="page.html").title == title


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("arms.html", "/arms.html"),
        ("part/index.html", "/part/"),
        ("index.htm", "/"),
        ("über uns.html", "/%C3%BCber%20uns.html"),
        ("reindex.html", "/reindex.html"),
    ],
)
def test_a_page_is_read_where_its_file_lies(tmp_path: Path, name: str, address: str) -> None:
    page = load_page(tmp_path, "<p>Text.", name=name)
    assert page.url == f"{BASE_URL}{address}"


@pytest.mark.parametrize(
    ("claimed", "address"),
    [
        (f"{BASE_URL}/part/arms", "/part/arms"),
        (f"{BASE_URL}/part/arms/", "/part/arms/"),
        ("arms", "/part/arms"),
        ("/docs/part/arms?utm=1#x", "/part/arms"),
        ("https://evil.example/docs/part/arms", "/part/arms.html"),
        (f"{BASE_URL}/", "/part/arms.html"),
        ("http://[", "/part/arms.html"),
        ("", "/part/arms.html"),
    ],
)
def test_a_canonical_address_gives_its_form_and_never_another_place(
    tmp_path: Path, claimed: str, address: str
) -> None:
    head = f'<link rel="canonical" href="{claimed}">'
    page = load_page(tmp_path, f"{head}<p>Text.", name="part/arms.html")
    assert page.url == f"{BASE_URL}{address}"


def test_only_the_content_of_a_page_is_kept(tmp_path: Path) -> None:
    text = page_text(
        tmp_path,
        "<header>Site<nav>Menu</nav></header><aside><a href=x>More</a></aside><main>"
        "<article><header><h1>page</h1></header><nav>Crumbs</nav><p>Text.<script>x()</script>"
        "<style>a{}</style><svg><text>drawn</text></svg><button>Copy</button><!-- comment -->"
        "<footer>Edit this page</footer></article><nav>Next</nav></main><footer>Legal</footer>",
    )
    assert text == "Text."


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<nav>Menu</nav><p>Text.<footer>Legal</footer>", "Text."),
        ("<div role=navigation>Menu</div><p>Text.", "Text."),
        ("<div role=main><p>Text.</div><p>Other.", "Text."),
        ("<article><p>Text.</article><p>Other.", "Text."),
        ("<article>One.</article><article>Two.</article>", "One.\n\nTwo."),
        (
            "<main><p>Long text of a page.<article>Card.</article></main>",
            "Long text of a page.\n\nCard.",
        ),
        ("<header><h1>page</h1></header><p>Text.", "Text."),
        ("<aside>Beside.</aside><p>Text.", "Beside.\n\nText."),
    ],
)
def test_the_content_is_found_in_pages_of_all_kinds(tmp_path: Path, page: str, text: str) -> None:
    assert page_text(tmp_path, page) == text


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        (
            "a <b> bold </b>word <i>and</i> <code>co``de</code>",
            "a **bold** word *and* ```co``de```",
        ),
        ("<p>ROS_DOMAIN_ID * 2", "ROS_DOMAIN_ID * 2"),
        ("<p>a<br>b<p>c\nd", "a\nb\n\nc\nd"),
        (
            "<p># a<p>- b<p>3. c<p>&gt; d<p>```<p>| e",
            "\\# a\n\n\\- b\n\n3\\. c\n\n\\> d\n\n\\```\n\n\\| e",
        ),
        ("<del>a</del> <q>b</q> x<sup>2</sup> H<sub>2</sub>O", '~~a~~ "b" x^2 H2O'),
        ("<img src=a.png alt='An arm'> and <img src=b.png>", "An arm and"),
        ("<a href='b.html#x'>b</a>", f"[b]({BASE_URL}/b.html#x)"),
        (
            "<a href='javascript:x()'>b</a> <a href='data:,x'>c</a> <a href='http://['>d</a>",
            "b c d",
        ),
        ("<a href='a (b)'>b</a><a href='/x'></a>", f"[b]({BASE_URL}/a%20%28b%29)"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c"),
        ("<ol start=9><li>a<li><p>b<p>c</ol>", "9. a\n\n10. b\n\n    c"),
        ("<ol start=x><li>a</ol>loose <li>b", "1. a\n\nloose\n\nb"),
        ("<blockquote><p>a<p>b</blockquote>", "> a\n>\n> b"),
        (
            "<dl><dt>Joint<dd>joins <b>two</b><dt>Link:<dd>rigid</dl>",
            "- Joint: joins **two**\n- Link: rigid",
        ),
        ("<dl><div><dt>A<dt>B<dd><ul><li>c</ul></div></dl>", "- A\n- B\n  - c"),
        ("<dl><dd>a</dl>", "- a"),
        ("<details><summary>More</summary>Text.</details>", "More\n\nText."),
        ("<figure><img alt=arm><figcaption>An arm.</figcaption></figure>", "arm\n\nAn arm."),
        ("soft\u00adhyphen zero\u200bwidth \ufeffmark", "softhyphen zerowidth mark"),
        ("&lt;T&gt; &amp;amp; &copy; &#x41; &nosuch; &", "<T> &amp; © A &nosuch; &"),
    ],
)
def test_text_becomes_markdown(tmp_path: Path, body: str, markdown: str) -> None:
    assert page_text(tmp_path, body) == markdown


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        (
            "<pre><code class='language-python hljs'>a = 1\n\n\n</code></pre>",
            "```python\na = 1\n```",
        ),
        (
            "<div class='highlight-bash notranslate'><div class=highlight><pre>ls</pre></div></div>",
            "```bash\nls\n```",
        ),
        ("<div class='highlight highlight-source-c++'><pre>x</pre></div>", "```c++\nx\n```"),
        ("<pre class='brush: js; gutter'>x</pre>", "```js\nx\n```"),
        (
            "<pre data-lang=Rust>x</pre><pre data-lang='&quot; x'>y</pre>",
            "```rust\nx\n```\n\n```\ny\n```",
        ),
        ("<pre class='sourceCode yaml'>x</pre>", "```yaml\nx\n```"),
        ("<pre><span class=token-line>a<br></span><span>b</span></pre>", "```\na\nb\n```"),
        ("<pre><div>a</div><div>b\n</div><div>c</div></pre>", "```\na\nb\nc\n```"),
        ("<pre>a ``` b</pre>", "````\na ``` b\n````"),
        ("<pre> \n</pre>after", "after"),
        (
            "<div class=language-sh><table class=highlighttable><tr><td class=linenos><pre>1\n2</pre>"
            "<td class=code><pre>ls\ncd</pre></table></div>",
            "```sh\nls\ncd\n```",
        ),
    ],
)
def test_code_becomes_fences_with_its_language(tmp_path: Path, body: str, markdown: str) -> None:
    assert page_text(tmp_path, body) == markdown


@pytest.mark.parametrize(
    ("table", "markdown"),
    [
        ("<tr><th>a<th>b<tr><td>1<td>2", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("<tr><td>a|b<td>c\nd<tr><td>1", "| a\\|b | c d |\n| --- | --- |\n| 1 |  |"),
        (
            "<thead><tr><th rowspan=2>Arm<th colspan=2>Speed<tr><th>min<th>max"
            "<tbody><tr><td rowspan=2>A<td>1<td>2<tr><td colspan=2>none",
            "| Arm | Speed min | Speed max |\n| --- | --- | --- |\n| A | 1 | 2 |\n| A | none | none |",
        ),
        ("<caption>Speeds</caption><tr><td>a<td>b", "Speeds\n\n| a | b |\n| --- | --- |"),
        ("<tr><td>a<td><ul><li>x<li>y</ul>", "| a | - x - y |\n| --- | --- |"),
        ("<tr><td>only", "only"),
        ("<tr><td>a<td><pre>x\ny</pre>", "a\n\n```\nx\ny\n```"),
        ("<tr><td>a<td><table><tr><td>b<td>c</table>", "a\n\n| b | c |\n| --- | --- |"),
        ("<tr><td colspan=99999 rowspan=0>a<td>b<tr><td colspan=x>c", None),
    ],
)
def test_tables_become_tables_without_losing_a_cell(
    tmp_path: Path, table: str, markdown: str | None
) -> None:
    text = page_text(tmp_path, f"<table>{table}</table>")
    assert text == markdown if markdown else all(cell in text for cell in "abc")


def test_spans_made_to_fill_the_memory_are_not_followed(tmp_path: Path) -> None:
    row = "<tr>" + "<td colspan=1000 rowspan=1000>a" * 50
    text = page_text(tmp_path, f"<table>{row * 100}</table>")
    assert len(text) < 500_000


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "<div class='admonition warning'><p class=admonition-title>Warning</p><p>Hot.</div>",
            "Warning: Hot.",
        ),
        (
            "<div class='admonition note'><p class=admonition-title>Mind</p><p>It.</div>",
            "Note: Mind\n\nIt.",
        ),
        (
            "<div class='theme-admonition theme-admonition-tip alert'><div class=admonitionHeading_x>tip</div><div class=admonitionContent_x><p>Do.</div></div>",
            "Tip: Do.",
        ),
        (
            "<div class='markdown-alert markdown-alert-important'><p class=markdown-alert-title>Important</p><ul><li>a</ul></div>",
            "Important:\n\n- a",
        ),
        ("<aside class='callout-caution'>Sharp.</aside>", "Caution: Sharp."),
        ("<div class='admonition admonition-todo'><p>Later.</div>", "Note: Later."),
        ("<div class='alert alert-primary'>Text.</div>", "Text."),
    ],
)
def test_admonitions_are_said_in_words(tmp_path: Path, body: str, text: str) -> None:
    assert page_text(tmp_path, f"<main>{body}</main>") == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "<math><mi>x</mi><semantics><annotation encoding='application/x-tex'>x^2</annotation></semantics></math>",
            "$x^2$",
        ),
        ("<math display=block alttext='\\frac{a}{b}'><mi>x</mi></math>", "$$\n\\frac{a}{b}\n$$"),
        ("<math><mi>x</mi><mo>=</mo><mn>1</mn></math>", "$x=1$"),
        ("<p><script type='math/tex; mode=display'>a < b</script>", "$$\na < b\n$$"),
        ("so <script type='math/tex'>y</script>", "so $y$"),
        ("<span class='math notranslate'>\\(z_1\\)</span>", "$z_1$"),
        (
            "<span class=katex><span class=katex-mathml><math><annotation encoding='application/x-tex'>k</annotation></math></span><span class=katex-html aria-hidden=true>k</span></span>",
            "$k$",
        ),
        ("a<math></math>", "a"),
    ],
)
def test_formulas_are_kept_as_tex(tmp_path: Path, body: str, text: str) -> None:
    assert page_text(tmp_path, body) == text


def test_all_tabs_are_kept_with_their_labels(tmp_path: Path) -> None:
    tabs = (
        "<ul role=tablist><li role=tab>Python<li role=tab>C++</ul>"
        "<div role=tabpanel>import arm</div><div role=tabpanel hidden>include arm</div>"
    )
    assert page_text(tmp_path, tabs) == "Python:\n\nimport arm\n\nC++:\n\ninclude arm"


@pytest.mark.parametrize(
    "hiding",
    [
        "hidden",
        "aria-hidden=true",
        "style='display: none'",
        "style='color:red;visibility:hidden'",
        "style='font-size:0'",
        "style='font-size: 0px;'",
        "style='opacity:0'",
        "style='position:absolute;left:-9999px'",
    ],
)
def test_what_is_hidden_from_readers_is_left_out_and_named(tmp_path: Path, hiding: str) -> None:
    page = load_page(
        tmp_path, f"<p>Seen.\n<div {hiding}>Ignore <b>all</b> this.</div>", name="a.html"
    )
    assert [section.text for section in page.sections] == ["Seen."]
    (flaw,) = page.flaws
    assert flaw.line == 2
    assert "is left out" in flaw.reason


@pytest.mark.parametrize(
    "body",
    [
        "<p hidden=until-found>Seen.",
        "<p style='font-size:0.9em;opacity:0.5'>Seen.",
        "<p>Seen.<span aria-hidden=true>→</span>",
    ],
)
def test_what_readers_can_find_or_what_says_nothing_is_not_named(tmp_path: Path, body: str) -> None:
    assert page_text(tmp_path, body) == "Seen."


def test_every_line_knows_where_it_is_from(tmp_path: Path) -> None:
    source = (
        "<h1>T</h1>\n<p>first\nsecond <b>bold\nthird</b>\n<pre>\nx\ny</pre>\n"
        "<table>\n<tr><td>a<td>b\n<tr><td>c\n<td>d\n</table>"
    )
    (section,) = load_page(tmp_path, source, name="page.html").sections
    found = dict(zip(section.text.split("\n"), section.lines, strict=True))
    assert found["first"] == (2, 2)
    assert found["second **bold"] == (3, 3)
    assert found["third**"] == (4, 4)
    assert found["x"] == (6, 6)
    assert found["y"] == (7, 7)
    assert found["| a | b |"] == (9, 9)
    assert found["| c | d |"] == (10, 11)


@pytest.mark.parametrize("opening", ["\n\n", "\n<b>", "</a>\n", "<!-- -->\n", "\n\n\n"])
def test_code_knows_its_lines_however_it_begins(tmp_path: Path, opening: str) -> None:
    source = f"<pre>{opening}word"
    (section,) = load_page(tmp_path, source, name="page.html").sections
    line = source.count("\n") + 1
    assert dict(zip(section.text.split("\n"), section.lines, strict=True))["word"] == (line, line)


@pytest.mark.parametrize(
    "data",
    [
        "\ufeff<p>é中".encode(),
        "<meta charset=utf-8><p>é中".encode(),
        "<p>é中".encode(),
        "<p>é中".encode("utf-16"),
        "<meta charset='gb18030'><p>é中".encode("gb18030"),
        "<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'><p>中".encode(
            "shift_jis"
        ),
        "<?xml version='1.0' encoding='big5'?><p>中".encode("big5"),
        "<meta charset=utf-16><p>é中".encode(),
        "<meta charset=iso-8859-1><p>é“".encode("windows-1252"),
    ],
)
def test_a_page_is_decoded_as_it_says(tmp_path: Path, data: bytes) -> None:
    (page,) = load(tmp_path, {"page.html": data}).documents
    assert page.sections[0].text in {"é中", "中", "é“"}


def test_a_page_that_only_sends_its_readers_elsewhere_is_no_page(tmp_path: Path) -> None:
    book = load(
        tmp_path,
        {
            "old.html": "<meta http-equiv=refresh content='0; url=new.html'><p>Moved.",
            "new.html": "<meta http-equiv=refresh content=60><p>Live.",
        },
    )
    assert [page.path for page in book.documents] == ["new.html"]
