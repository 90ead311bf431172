"""HTML, notebooks and PDF files as they come out of broken disks and bad hands."""

import json
import os
import random
import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import Book, load_book
from api_service.token_counts import count_tokens
from tests.api_service.ingestion.books import BASE_URL, write_book
from tests.api_service.ingestion.pdfs import Bookmark, assembled, lines, pdf

pytest.importorskip("justhtml", reason="needs the extra `formats`")
pytest.importorskip("pypdfium2", reason="needs the extra `formats`")

MB = 1024 * 1024
NO_NOTEBOOKS: tuple[object, ...] = (
    None,
    [],
    "a",
    1,
    {},
    {"cells": None},
    {"cells": {}},
    {"worksheets": 1},
)
NOTEBOOK = json.dumps({"cells": [{"cell_type": "markdown", "source": ["# A\n", "Text."]}]}).encode()
PAGE = "<!doctype html><h1>A</h1><p>Text."
PDF = pdf([lines("Text."), lines("More.")], title="A", outline=[Bookmark("B", 1)])
FONT = b"<< /Font << /F1 3 0 R >> >>"
HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
TWICE_PACKED = b" /Filter [/FlateDecode /FlateDecode]"
RANDOM = random.Random(5)  # noqa: S311 - broken alike each time
PASSWORD = b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]" % (
    b"61" * 32,
    b"62" * 32,
)


def stream(content: bytes, *, filters: bytes = b"") -> bytes:
    return b"<< /Length %d%s >> stream\n%s\nendstream" % (len(content), filters, content)


def page(content: int) -> bytes:
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources %s /Contents %d 0 R >>"
        % (FONT, content)
    )


def pages_tree(kids: bytes, count: int = 1) -> list[bytes]:
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
    return [b"<< /Type /Catalog /Pages 2 0 R >>", tree, HELVETICA]


def with_outline(first: bytes, second: bytes) -> bytes:
    return assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
            *pages_tree(b"4 0 R")[1:],
            page(5),
            stream(b"BT /F1 11 Tf 72 700 Td (Text.) Tj ET"),
            b"<< /First 7 0 R /Last 8 0 R >>",
            first,
            second,
        ]
    )


def bomb() -> bytes:
    """Return a stream of a few kilobytes that is 500 MB of text commands."""
    packer = zlib.compressobj(9)
    piece = b"(Text.) Tj " * 100_000
    packed = packer.compress(b"BT /F1 11 Tf 72 700 Td ")
    packed += b"".join(packer.compress(piece) for _ in range(500))
    once = packed + packer.flush()
    return zlib.compress(once, 9)


UNFIT: dict[str, bytes] = {
    **{f"cut-utf8-{n}.html": f"<p>{'ü' * n}🤖".encode()[:-1] for n in range(5)},
    "declared-utf8.html": b"<meta charset=utf-8>\n<p>\xe9",
    "declared-japanese.html": b"<meta charset=shift_jis><p>\xff\xff",
    "unknown-encoding.html": b"<meta charset=klingon><p>a",
    "codec-that-is-none.html": b"<meta charset=unicode_escape><p>a",
    "binary.html": RANDOM.randbytes(3000),
    "picture.htm": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff",
    "archive.zip.html": b"PK\x03\x04\x14\0\0\0\x08\0\xff\xfe",
    "half-utf16.html": "<p>a".encode("utf-16") + b"\xff",
    "huge-line.html": b"a" * (10 * MB),
    **{f"cut-{n}.ipynb": NOTEBOOK[: len(NOTEBOOK) * n // 6] for n in range(6)},
    "binary.ipynb": RANDOM.randbytes(3000),
    "latin1.ipynb": '{"cells": "é"}'.encode("latin-1"),
    "deep.ipynb": b"[" * 200_000,
    "deep-cells.ipynb": b'{"cells": ' * 50_000,
    "long-number.ipynb": b'{"cells": ' + b"9" * 10_000 + b"}",
    "too-large.ipynb": b" " * (26 * MB),
    "too-much-text.ipynb": json.dumps(
        {"cells": [{"cell_type": "code", "source": "a" * (6 * MB)}]}
    ).encode(),
    **{
        f"no-notebook-{n}.ipynb": json.dumps(value).encode() for n, value in enumerate(NO_NOTEBOOKS)
    },
    "bad-front-matter.ipynb": json.dumps(
        {"cells": [{"cell_type": "raw", "source": ["---\n", "a: [\n", "---\n"]}]}
    ).encode(),
    "empty.pdf": b"",
    "only-head.pdf": b"%PDF-1.7\n",
    "text.pdf": b"This is no PDF file.",
    "page.html.pdf": PAGE.encode(),
    "binary.pdf": RANDOM.randbytes(5000),
    "head-and-binary.pdf": b"%PDF-1.7\n" + RANDOM.randbytes(5000),
    "truncated.pdf": PDF[:-200],
    "zeros.pdf": b"\0" * 10_000,
    "no-pages.pdf": assembled(pages_tree(b"", 0)),
    "no-text.pdf": pdf([[], []]),
    "encrypted.pdf": pdf([lines("Text.")], trailer=PASSWORD),
    "no-root.pdf": b"%PDF-1.7\ntrailer\n<< /Size 1 >>\nstartxref\n0\n%%EOF",
    "root-is-page.pdf": assembled([page(2), stream(b"")]),
    "cyclic-pages.pdf": assembled(pages_tree(b"2 0 R")),
    "own-parent.pdf": assembled(
        [
            *pages_tree(b"4 0 R"),
            b"<< /Type /Pages /Kids [5 0 R] /Count 1 /Parent 5 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 /Parent 4 0 R >>",
        ]
    ),
    "many-pages-claimed.pdf": assembled(pages_tree(b"", 2_000_000_000)),
    "bomb.pdf": assembled(
        [
            *pages_tree(b"4 0 R"),
            page(5),
            stream(bomb(), filters=b" /Filter [/FlateDecode /FlateDecode]"),
        ]
    ),
    "deep-objects.pdf": assembled([*pages_tree(b"4 0 R"), b"[" * 100_000]),
}
FLAWED: dict[str, bytes] = {
    "empty.html": b"",
    "blank.html": b" \n\t",
    "only-markup.html": b"<html><head><title>A</title></head><body><div></div></body></html>",
    "only-navigation.html": b"<nav>Menu</nav><footer>Legal</footer>",
    "nul.html": b"<p>a\0b",
    "hidden.html": b"<p>a<p hidden>b",
    "nested.html": b"<div>" * 5000 + b"a" + b"</div>" * 5000,
    "nested-lists.html": b"<ul><li>" * 5000 + b"a",
    "nested-tables.html": b"<table><tr><td>" * 3000 + b"a",
    "nested-emphasis.html": b"<b>" * 5000 + b"a",
    "nested-quotes.html": b"<blockquote>" * 5000 + b"a",
    "nested-pre.html": b"<pre>" * 1000 + b"a",
    "no-cells.ipynb": b'{"cells": []}',
    **{
        f"odd-cell-{n}.ipynb": json.dumps({"cells": [cell]}).encode()
        for n, cell in enumerate(
            (
                None,
                3,
                {},
                {"cell_type": "markdown"},
                {"cell_type": "markdown", "source": 3},
                {"cell_type": "markdown", "source": ["a", 3]},
                {"cell_type": "markdown", "source": {"a": "b"}},
                {"cell_type": ["code"], "source": "a"},
                {"cell_type": "poem", "source": "a"},
                {"cell_type": "code", "source": None},
            )
        )
    },
    "open-fence.ipynb": json.dumps(
        {"cells": [{"cell_type": "markdown", "source": "```\na"}]}
    ).encode(),
    "picture-of-a-page.pdf": pdf(
        [lines("Text."), []], drawn={1: b"q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \0 EI Q"}
    ),
}
ODD: dict[str, bytes] = {
    "unclosed.html": b"<h1>A<p>b<ul><li>c<table><tr><td>d<pre>e",
    "nested-mathml.html": b"<p>a<math>" + b"<mrow>" * 5000 + b"<mi>x",
    "crossed.html": b"<b><p>a</b></p></i></div><table>b<tr>c</table>",
    "entities.html": b"&lol;&lol1;&#0;&#x110000;&#xd800;&#99999999999;&amp" * 1000,
    "entity-bomb.html": (
        b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><p>&b;&b; Text.'
    ),
    "lone-signs.html": b"< " * 100_000 + b"a",
    "signs.html": b"<" * 100_000 + b"a",
    "attributes.html": b"<p " + b"a=1 " * 50_000 + b">a",
    "comments.html": b"<!--" * 10_000 + b"--><p>a",
    "instructions.html": b"<?" * 50_000 + b"><p>a",
    "spans.html": b"<table>" + b"<tr><td rowspan=65534 colspan=1000>a" * 200 + b"</table>",
    "long-heading.html": b"<h2>" + b"word " * 20_000 + b"</h2><p>a",
    "ids.html": b"".join(b"<h2 id='%s'>A</h2>a" % (b"x" * n) for n in range(500)),
    "crlf.html": b"<p>a\r\nb\r<pre>\r\nc\r\n</pre>",
    "bidi.html": "<p>\u202ea\u2066 \U000e0041b".encode(),
    "frames.html": b"<body><iframe src=x>a</iframe>b",
    "bom.ipynb": b"\xef\xbb\xbf" + NOTEBOOK,
    "crlf.ipynb": NOTEBOOK.replace(b", ", b",\r\n"),
    "odd-metadata.ipynb": (
        b'{"metadata": [], "cells": [{"cell_type": "code", "metadata": 3, "source": "a",'
        b' "outputs": {"a": 1}}, {"cell_type": "code", "source": [], "outputs": [3, {}, null,'
        b' {"output_type": "stream", "text": 3}, {"output_type": "display_data", "data": []}]}]}'
    ),
    "twice.ipynb": b'{"cells": 3, "cells": [{"cell_type": "markdown", "source": "a"}]}',
    "surrogate.ipynb": b'{"cells": [{"cell_type": "markdown", "source": "a \\ud800 b"}]}',
    "no-xref.pdf": PDF.replace(b"xref", b"erfx"),
    "wrong-xref.pdf": PDF.replace(b"0000000", b"0000999"),
    "before-head.pdf": b"rubbish\n" * 20 + PDF,
    "after-end.pdf": PDF + RANDOM.randbytes(1000),
    "cyclic-outline.pdf": with_outline(
        b"<< /Title (A) /Parent 6 0 R /Dest [4 0 R /Fit] /Next 8 0 R /First 7 0 R >>",
        b"<< /Title (B) /Parent 6 0 R /Dest [4 0 R /Fit] /Next 7 0 R /First 6 0 R >>",
    ),
    "outline-to-nowhere.pdf": with_outline(
        b"<< /Title (A) /Parent 6 0 R /Dest [99 0 R /Fit] /Next 8 0 R >>",
        b"<< /Title (\xfe\xff\xd8\x00) /Parent 6 0 R /Dest (none) >>",
    ),
    "wrong-length.pdf": PDF.replace(b"/Length 4", b"/Length 9"),
    "many-pages.pdf": pdf([lines(f"Text of a page, {n}.", "More.") for n in range(2000)]),
    "a..zip.pdf": PDF,
    "%2e%2e%2fetc.pdf": PDF,
    "with spaces & signs?#.html": PAGE.encode(),
    "-flag.pdf": PDF,
    "--version.ipynb": NOTEBOOK,
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    files = {"good.html": PAGE.encode(), "good.ipynb": NOTEBOOK, "sub/good.pdf": PDF}
    folder = write_book(tmp_path_factory.mktemp("broken"), files | UNFIT | FLAWED | ODD)
    (folder / "loop.pdf").symlink_to("loop.pdf")
    (folder / "gone.html").symlink_to("nowhere.html")
    (folder / "sub" / "up").symlink_to("..")
    for suffix in ("html", "ipynb", "pdf"):
        (folder / f"folder.{suffix}").mkdir()
        os.mkfifo(folder / f"pipe.{suffix}")
    return load_book(folder, base_url=BASE_URL)


def test_there_are_more_than_a_hundred_of_them() -> None:
    assert len(UNFIT) + len(FLAWED) + len(ODD) > 100


def test_every_unfit_file_is_named_with_its_reason(book: Book) -> None:
    named = {page.path: page.reason for page in book.broken}
    odd_files = {"loop.pdf", "gone.html", "pipe.html", "pipe.ipynb", "pipe.pdf"}
    assert set(named) == set(UNFIT) | odd_files
    assert all(reason.endswith(".") and "\n" not in reason for reason in named.values())
    assert "password" in named["encrypted.pdf"]
    assert "no text" in named["no-text.pdf"]


@pytest.mark.parametrize("name", FLAWED)
def test_every_flawed_file_is_loaded_and_named(book: Book, name: str) -> None:
    (page,) = (page for page in book.documents if page.path == name)
    assert page.flaws
    assert all(flaw.reason.endswith(".") for flaw in page.flaws)


def test_all_others_are_loaded_with_their_text(book: Book) -> None:
    expected = {"good.html", "good.ipynb", "sub/good.pdf", *FLAWED, *ODD}
    assert {page.path for page in book.documents} == expected
    for page in book.documents:
        if page.path in ODD:
            assert any(section.text for section in page.sections), page.path


def test_every_page_is_cut_within_the_budget(book: Book) -> None:
    for page in book.documents:
        for chunk in split(page):
            assert count_tokens(chunk.searchable) <= 400, page.path


TAGS = st.sampled_from(
    re.split(
        "[|]",
        "a|article|aside|b|blockquote|br|caption|code|dd|div|dl|dt|em|footer|h1|h2|h3|header|hr|img"
        "|li|main|math|nav|ol|p|pre|script|section|span|sup|table|tbody|td|th|thead|tr|ul",
    )
)
ATTRIBUTES = st.sampled_from(
    [
        "",
        " hidden",
        " id=x",
        " class='admonition note'",
        " class=language-py",
        " colspan=3 rowspan=2",
        " href='/a b'",
        " style='display:none'",
        " aria-hidden=true",
        " role=tabpanel",
        " display=block",
        " start=7",
        " alt='An arm'",
        " '",
    ]
)
WORDS = st.sampled_from(
    ["word ", "many words of a page ", "\n", "&amp;", "< ", "|", "```", "# ", "é中🤖"]
)
HTML = st.lists(
    st.one_of(st.builds("<{}{}>".format, TAGS, ATTRIBUTES), st.builds("</{}>".format, TAGS), WORDS),
    max_size=80,
)


@settings(max_examples=150)
@given(pieces=HTML, max_tokens=st.integers(50, 120))
def test_chunks_cover_random_html_and_keep_the_budget(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], max_tokens: int
) -> None:
    source = "".join(pieces)
    folder = write_book(tmp_path_factory.mktemp("random"), {"page.html": source})
    _covers(load_book(folder, base_url=BASE_URL), source, max_tokens)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.sampled_from(["# A\n", "```", "a <b>", "é"]),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "source", "outputs", "data", "text", "metadata", "tags"]),
            inside,
        )
    ),
    max_leaves=8,
)
SOURCES = st.lists(st.sampled_from(["# A\n", "words\n", "```\n", "{", "<b>", "| a |\n", "\n"]))
CELLS = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["markdown", "code", "raw", "heading"]) | JSON},
    optional={
        "source": SOURCES | JSON,
        "input": SOURCES | JSON,
        "metadata": st.just({"tags": ["hide-input"]}) | JSON,
        "outputs": st.lists(
            st.fixed_dictionaries(
                {"output_type": st.sampled_from(["stream", "display_data", "error"]) | JSON},
                optional={"text": SOURCES | JSON, "data": JSON, "name": JSON},
            )
        )
        | JSON,
        "language": JSON,
        "level": JSON,
    },
)


@settings(max_examples=150)
@given(cells=st.lists(CELLS | JSON) | JSON, metadata=JSON, max_tokens=st.integers(50, 120))
def test_chunks_cover_random_notebooks_and_keep_the_budget(
    tmp_path_factory: pytest.TempPathFactory, cells: object, metadata: object, max_tokens: int
) -> None:
    source = json.dumps({"cells": cells, "metadata": metadata}, indent=1)
    folder = write_book(tmp_path_factory.mktemp("random"), {"page.ipynb": source})
    _covers(load_book(folder, base_url=BASE_URL), source, max_tokens)


@settings(max_examples=25)
@given(place=st.integers(0, len(PDF) - 1), rubbish=st.binary(min_size=1, max_size=40))
def test_a_pdf_file_with_rubbish_in_it_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, place: int, rubbish: bytes
) -> None:
    damaged = PDF[:place] + rubbish + PDF[place + len(rubbish) :]
    folder = write_book(tmp_path_factory.mktemp("random"), {"page.pdf": damaged})
    book = load_book(folder, base_url=BASE_URL)
    assert len(book.documents) + len(book.broken) == 1


def _covers(book: Book, source: str, max_tokens: int) -> None:
    count = source.count("\n") + 1
    for page in book.documents:
        chunks = split(page, max_tokens=max_tokens)
        assert all(count_tokens(chunk.searchable) <= max_tokens for chunk in chunks)
        found = iter("".join("".join(chunk.text.split()) for chunk in chunks))
        for section in page.sections:
            assert all(character in found for character in "".join(section.text.split()))
            assert not section.text or len(section.lines) == section.text.count("\n") + 1
        for chunk in chunks:
            assert chunk.lines
            assert 1 <= chunk.lines[0] <= chunk.lines[1] <= count
