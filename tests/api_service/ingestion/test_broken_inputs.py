"""Pages as they come out of broken disks, editors and hands: none stops the others."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_service.documents import Document
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import Book, load_book
from api_service.token_counts import count_tokens
from tests.api_service.ingestion.books import BASE_URL, write_book

GOOD = "# Good\n\nThis page is as it should be."
MB = 1024 * 1024

UNFIT: dict[str, bytes] = {
    **{f"cut-utf8-{n}.md": f"# Ü\n\n{'ü' * n}🤖".encode()[:-1] for n in range(10)},
    **{f"latin1-{n}.md": f"# é{n}".encode("latin-1") for n in range(5)},
    **{f"utf16-{order}.md": "# Title\n".encode(order) + b"\xff" for order in ("utf-16", "utf-32")},
    **{f"surrogate-{n}.md": b"# A\n\xed\xa0" + bytes([0x80 + n]) for n in range(5)},
    **{f"binary-{n}.md": random.Random(n).randbytes(2000) for n in range(50)},  # noqa: S311
    "picture.md": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "archive.zip.md": b"PK\x03\x04\x14\0\0\0\x08\0\xff\xfe",
    "long-line.md": b"a" * (10 * MB),
    "long-line-of-words.mdx": b"word " * (2 * MB),
    **{
        f"front-matter-{n}.md": f"---\n{values}\n---\n# A".encode()
        for n, values in enumerate(
            (
                "title: a: b",
                "- a\n- b",
                "title: [",
                "{",
                "a: *b",
                "\ttitle: a",
                "title: {a: b}",
                "id: a/b",
                "just words",
                "title: 'a",
                "'",
                "!!python/object:os.system {}",
                "[" * 5000,
                "a: &a [*a]\n? [",
                "a: \x07",
            )
        )
    },
    **{f"open-front-matter-{n}.md": b"---\ntitle: A\n" + b"\n" * n for n in range(5)},
}
FLAWED: dict[str, bytes] = {
    "empty.md": b"",
    **{f"blank-{n}.mdx": bytes([blank]) * 9 for n, blank in enumerate(b" \n\t\r")},
    "only-bom.md": "\ufeff".encode(),
    **{f"nul-{n}.md": b"# A\n\nText" + b"\0" * n + b" more." for n in range(1, 6)},
    **{
        f"open-fence-{n}-{name}.md": f"# A\n\n{lead}{marks}python\n{lead}a = 1\n".encode()
        for n, marks in enumerate(("```", "~~~", "`````", "~~~~~~"))
        for name, lead in (("plain", ""), ("quote", "> "), ("space", "  "))
    },
    "fence-closed-by-others.md": b"```\na\n~~~\n",
    "fence-closed-too-short.md": b"````\na\n```\n",
    **{
        f"open-jsx-{n}.mdx": f"# A\n\nAbove.\n\n{tag}\n\nBelow.".encode()
        for n, tag in enumerate(
            (
                "<Tip>",
                "</Tip>",
                "<Tabs><TabItem>",
                "<Tabs><TabItem></Tabs>",
                "<Tip title='a'>",
                "<A.B>",
                "<Tip><Note></Tip>",
                "<A>" * 500,
                "</A>" * 500,
                "<A></B>" * 200,
                "<!-- open",
                "a <!--",
            )
        )
    },
    **{
        f"import-{n}.mdx": f"import X from '{target}';\n\n# A\n\nText.\n\n<X />\n".encode()
        for n, target in enumerate(
            (
                "./_missing.md",
                "../_missing.mdx",
                "../../_outside.md",
                "../../../../../../etc/passwd.md",
                "@site/../../_outside.mdx",
                "./_cycle-a.md",
                "./_cycle-b.md",
                "./_self.mdx",
                "./_unfit.md",
                "./_folder.md",
                "./_link-loop.md",
                "./_front.md",
                f"./{'a' * 5000}.md",
                f"./{'../' * 2000}etc/passwd.md",
            )
        )
    },
    **{
        f"include-{n}.md": f"# A\n\n{line}\n\nText.".encode()
        for n, line in enumerate(
            (
                "!!!include(_missing.md)!!!",
                "!!!include(/etc/passwd)!!!",
                "!!!include(../../x.md)!!!",
                ":::{include} _cycle-a.md\n:::",
                ":::include _self.mdx\n:::",
            )
        )
    },
}
ODD: dict[str, bytes] = {
    "bom.md": "\ufeff---\ntitle: Bom\n---\nText.".encode(),
    "crlf.md": b"---\r\ntitle: Crlf\r\n---\r\n# A\r\n\r\n```\r\na\r\n```\r\n",
    "cr.md": b"# A\r\rText.\r",
    "nested-lists.md": "\n".join(f"{'  ' * (n % 200)}- a{n}" for n in range(5000)).encode(),
    "nested-list-marks.md": b"- " * 5000 + b"a",
    "nested-quotes.md": b"> " * 5000 + b"a",
    "nested-jsx.mdx": b"<div>" * 5000 + b"a" + b"</div>" * 5000,
    "nested-braces.mdx": b"{" * 5000 + b"}" * 5000 + b" a",
    "open-braces.mdx": b"# A\n\n{ open\n\nText.",
    "open-export.mdx": b"export const a = {\n\n# A\n\nText.",
    "open-import.mdx": b"import {\n\n# A\n\nText.",
    "open-math.md": b"# A\n\n$$\nx = 1\n\nText.",
    "open-tag.mdx": b"# A\n\n<Tip title='a\n\nText.",
    "open-table.mdx": b"<table><tr><td>a\n\nText.",
    "open-admonition.md": b":::tip\n\nText.",
    "brackets.md": b"[" * 20000,
    "stars.md": b"*a **b " * 5000,
    "backticks.md": b"`" * 20001 + b" a",
    "pipes.md": b"|" * 5000 + b"\n" + b"|-" * 5000,
    "controls.md": bytes(range(1, 32)) * 20 + b" a",
    "bidi.md": "# \u202eA\u2066\n\n\u200b\u200d\ufeffText".encode(),
    "noncharacters.md": "\ufdd0\ufdd10\ufdd2\ufdef\uffff\U0010ffff a".encode(),
    "combining.md": ("a" + "\u0301" * 20000).encode(),
    "emoji.md": ("👩‍👩‍👧‍👦" * 5000).encode(),
    "headings.md": b"# \n## \n###\n" * 1000,
    "same-headings.md": b"## A\n" * 3000,
    "long-heading.md": b"# " + b"long " * 20000 + b"\n\nText.",
    "long-fence-info.md": b"```" + b"x" * 20000 + b"\na\n```",
    "wide-table.md": b"| a " * 3000 + b"|\n" + b"| - " * 3000 + b"|\n" + b"| 1 " * 3000 + b"|",
    "link-definitions.md": b"[a]: b\n" * 3000,
    "footnotes.md": b"a[^1]\n\n[^1]: b\n" * 1000,
    "html.md": b"<b" * 5000,
    "dashes.md": b"---\n---\n# A\n\n---\n",
    "CON.md": b"# A",
    "a..zip.md": b"# A",
    "%2e%2e%2fetc.md": b"# A",
    "with spaces & signs?#.md": b"# A",
    "e\u0301.md": b"# A",
    "\\windows\\path.md": b"# A",
    "-flag.md": b"# A",
    "~.md": b"# A",
    f"{'n' * 200}.md": b"# A",
    "2024-13-45.md": b"# A",
    "00000-.md": b"# A",
}
PARTIALS: dict[str, bytes] = {
    "_cycle-a.md": b"import B from './_cycle-b.md'\n\n<B />",
    "_cycle-b.md": b"import A from './_cycle-a.md'\n\n<A />",
    "_self.mdx": b"import Me from './_self.mdx'\n\n<Me />",
    "_unfit.md": b"\xff",
    "_front.md": b"---\ntitle: [\n---\n",
    "_folder.md/x.txt": b"",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    pages = {"good.md": GOOD.encode(), "sub/good.mdx": GOOD.encode()}
    folder = write_book(tmp_path_factory.mktemp("broken"), pages | UNFIT | FLAWED | ODD | PARTIALS)
    (folder / "loop.md").symlink_to("loop.md")
    (folder / "_link-loop.md").symlink_to("_link-loop.md")
    (folder / "gone.md").symlink_to("nowhere.md")
    (folder / "sub" / "up").symlink_to("..")
    (folder / "sub" / "round").symlink_to(folder, target_is_directory=True)
    (folder / "folder.md").mkdir()
    os.mkfifo(folder / "pipe.md")
    return load_book(folder, base_url=BASE_URL)


def test_there_are_two_hundred_of_them() -> None:
    assert len(UNFIT) + len(FLAWED) + len(ODD) + 6 >= 200  # with the links and the pipe


def test_every_unfit_page_is_named_with_its_reason(book: Book) -> None:
    named = {page.path: page.reason for page in book.broken}
    assert set(named) == set(UNFIT) | {"loop.md", "gone.md", "pipe.md"}
    assert all(reason.endswith(".") and "\n" not in reason for reason in named.values())


@pytest.mark.parametrize("name", FLAWED)
def test_every_flawed_page_is_loaded_and_named(book: Book, name: str) -> None:
    (page,) = (page for page in book.documents if page.path == name)
    assert page.flaws
    assert all(flaw.reason.endswith(".") for flaw in page.flaws)


def test_all_other_pages_are_loaded_without_a_word(book: Book) -> None:
    expected = {"good.md", "sub/good.mdx", *FLAWED, *ODD}
    assert {page.path for page in book.documents} == expected
    unnamed = {page.path for page in book.documents if not page.flaws}
    assert unnamed >= {"good.md", "sub/good.mdx", "bom.md", "crlf.md", "cr.md", "dashes.md"}


def test_what_stands_around_a_flaw_is_kept(book: Book) -> None:
    for page in book.documents:
        if page.path.startswith("open-jsx"):
            text = "\n".join(section.text for section in page.sections)
            assert "Above." in text, page.path
            assert "Below." in text, page.path


def test_every_page_is_cut_within_the_budget(book: Book) -> None:
    for page in book.documents:
        for chunk in split(page):
            assert count_tokens(chunk.searchable) <= 400, page.path


PIECES = st.sampled_from(
    [
        "# Title\n",
        "\n## Part\n",
        "\n### Deep {#own}\n",
        "Under\n---\n",
        "words of a paragraph ",
        "\n",
        "\n\n",
        "- item\n",
        "  - inner\n",
        "1. one\n",
        "> quote\n",
        "> [!TIP]\n",
        "\n```python\n",
        "\n```\n",
        "~~~\n",
        "| a | b |\n",
        "| - | - |\n",
        "<Tip>",
        "</Tip>",
        "<table><tr><td>",
        "</td></tr></table>",
        ":::note[Mind]\n",
        ":::\n",
        "!!! note\n",
        "    indented\n",
        "$$\n",
        "`code` ",
        "`",
        "{",
        "}",
        "import a from 'b'\n",
        "[^1]",
        "🤖é中",
        "***",
        "[link](./page.md) ",
    ]
)


@settings(max_examples=150)
@given(pieces=st.lists(PIECES, max_size=80), max_tokens=st.integers(50, 120))
def test_chunks_cover_random_markdown_and_keep_the_budget(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], max_tokens: int
) -> None:
    source = "".join(pieces)
    folder = write_book(tmp_path_factory.mktemp("random"), {"page.mdx": source})
    (page,) = load_book(folder, base_url=BASE_URL).documents or (_nothing(),)
    chunks = split(page, max_tokens=max_tokens)
    assert all(count_tokens(chunk.searchable) <= max_tokens for chunk in chunks)
    found = iter("".join("".join(chunk.text.split()) for chunk in chunks))
    for section in page.sections:
        assert all(character in found for character in "".join(section.text.split()))
        assert not section.text or len(section.lines) == section.text.count("\n") + 1
    count = source.count("\n") + 1
    assert all(chunk.lines and 1 <= chunk.lines[0] <= chunk.lines[1] <= count for chunk in chunks)


def _nothing() -> Document:
    return Document(id="", path="", title="", url="", sections=())
