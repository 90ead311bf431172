import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api_service.ingestion.loaders import LOADERS, BrokenPage, NoPages, load_book
from tests.api_service.ingestion.books import BASE_URL, ROOT, load, write_book
from tests.api_service.ingestion.pdfs import Bookmark, lines, pdf


def test_pages_come_in_reading_order_with_ids_and_addresses(tmp_path: Path) -> None:
    book = load(
        tmp_path,
        {
            "02-b/01-y.md": "# Y",
            "01-a/10-z.mdx": "# Z",
            "01-a/index.md": "# A",
            "01-a/02-x.MD": "# X",
            "intro.md": "---\nslug: /\n---\n# Intro",
            "notes.txt": "no page",
            "_part.md": "no page",
            "01-a/_category_.json": "{}",
        },
    )
    assert [(page.id, page.path, page.url.removeprefix(BASE_URL)) for page in book.documents] == [
        ("a/x", "01-a/02-x.MD", "/a/x"),
        ("a/z", "01-a/10-z.mdx", "/a/z"),
        ("a/index", "01-a/index.md", "/a/"),
        ("b/y", "02-b/01-y.md", "/b/y"),
        ("intro", "intro.md", "/"),
    ]


def test_drafts_and_unlisted_pages_are_left_out(tmp_path: Path) -> None:
    book = load(
        tmp_path,
        {
            "a.md": "---\ndraft: true\n---\n# A",
            "b.md": "---\nunlisted: true\n---\n# B",
            "c.md": "# C",
        },
    )
    assert [page.id for page in book.documents] == ["c"]
    assert book.broken == ()


def test_broken_pages_are_named_and_the_rest_is_loaded(tmp_path: Path) -> None:
    folder = write_book(
        tmp_path,
        {
            "a.md": "---\ntitle: a: b\n---\n# A",
            "b.md": b"# B\n\n\xff",
            "c.md": b"c" * (5 * 1024 * 1024 + 1),
            "e.md": "# E",
        },
    )
    (folder / "d.md").symlink_to("d.md")
    book = load_book(folder, base_url=BASE_URL)
    assert [page.id for page in book.documents] == ["e"]
    assert [(page.path, page.line) for page in book.broken] == [
        ("a.md", 2),
        ("b.md", 3),
        ("c.md", None),
        ("d.md", None),
    ]
    assert all(page.reason.endswith(".") for page in book.broken)


def test_a_book_of_broken_pages_only_is_still_told_page_by_page(tmp_path: Path) -> None:
    book = load(tmp_path, {"a.md": b"\xff"})
    assert book.documents == ()
    assert book.broken == (BrokenPage("a.md", 1, "It is not UTF-8 text."),)


def test_a_file_whose_name_is_not_utf_8_is_broken(tmp_path: Path) -> None:
    folder = write_book(tmp_path, {"a.md": "# A"})
    try:
        (folder / "b\udcff.md").write_text("# B")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    book = load_book(folder, base_url=BASE_URL)
    assert [page.path for page in book.broken] == ["b?.md"]
    assert book.broken[0].reason == "Its name is not UTF-8 text."


def test_a_missing_folder_a_file_and_a_folder_without_pages_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file.md").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "_part.md").touch()
    for name, reason in {
        "missing": "does not exist",
        "file.md": "is not a folder",
        "empty": "holds no page",
    }.items():
        with pytest.raises(NoPages, match=reason):
            load_book(tmp_path / name, base_url=BASE_URL)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_no_sign_that_its_pages_are_gone(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    (tmp_path / "open.md").write_text("# Open\n\nText.\n")

    with pytest.raises(NoPages, match=f"{closed} cannot be read"):
        load_book(tmp_path, base_url=BASE_URL)


MARKDOWN = "# Title\n\nText.\n\n## Part\n\nMore."
HTML = "<h1>Title</h1><p>Text.<h2 id=part>Part</h2><p>More."
NOTEBOOK = json.dumps({"cells": [{"cell_type": "markdown", "source": [MARKDOWN]}]})
PDF = pdf([lines("Text."), lines("Part", "More.")], title="Title", outline=[Bookmark("Part", 1)])
PAGES: dict[str, tuple[str | bytes, str, list[str]]] = {
    ".md": (MARKDOWN, "part/page", ["", "part"]),
    ".mdx": (MARKDOWN, "part/page", ["", "part"]),
    ".html": (HTML, "part/page.html", ["", "part"]),
    ".htm": (HTML, "part/page.htm", ["", "part"]),
    ".ipynb": (NOTEBOOK, "part/page", ["", "part"]),
    ".pdf": (PDF, "part/page.pdf", ["page=1", "page=2"]),
}


@pytest.mark.parametrize("suffix", [suffix for loader in LOADERS for suffix in loader.suffixes])
def test_every_loader_gives_a_page_its_title_address_and_anchors(
    tmp_path: Path, suffix: str
) -> None:
    source, address, anchors = PAGES[suffix]
    book = load(tmp_path, {f"part/page{suffix}": source})
    assert book.broken == ()
    (page,) = book.documents
    assert (page.id, page.title, page.url) == ("part/page", "Title", f"{BASE_URL}/{address}")
    assert [section.anchor for section in page.sections] == anchors
    assert [section.text for section in page.sections] == ["Text.", "More."]
    assert [section.heading_path for section in page.sections] == [("Title",), ("Title", "Part")]


def test_the_folder_may_be_named_in_a_roundabout_way(tmp_path: Path) -> None:
    folder = write_book(tmp_path, {"a.md": "[b](b.md)", "b.md": "---\nslug: /c\n---\n# B"})
    book = load_book(folder / ".." / "docs", base_url=BASE_URL)
    assert book.documents[0].sections[0].text == f"[b]({BASE_URL}/c)"


def test_without_the_extra_a_file_is_named_with_the_cure_and_the_others_go_in(
    tmp_path: Path,
) -> None:
    book = write_book(
        tmp_path, {"a.html": HTML, "b.ipynb": NOTEBOOK, "c.md": MARKDOWN, "d.pdf": PDF}
    )
    absent = tmp_path / "absent"
    absent.mkdir()
    for package in ("justhtml", "pypdfium2"):
        (absent / f"{package}.py").write_text(f"raise ModuleNotFoundError({package!r})\n")
    script = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from api_service.ingestion.loaders import load_book\n"
        "book = load_book(Path(sys.argv[1]), base_url='https://book.example')\n"
        "print(json.dumps([[page.path for page in book.documents],\n"
        "                  {page.path: page.reason for page in book.broken}]))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(book)],
        env={"PYTHONPATH": f"{absent}:{ROOT}"},
        capture_output=True,
        check=True,
    ).stdout
    loaded, broken = json.loads(told)
    assert loaded == ["b.ipynb", "c.md"]
    assert set(broken) == {"a.html", "d.pdf"}
    assert all("pip install 'ai-book-backend[api,formats]'" in why for why in broken.values())


def test_a_link_out_of_the_book_is_named_and_not_read(tmp_path: Path) -> None:
    book = tmp_path / "near" / "book"
    book.mkdir(parents=True)
    (tmp_path / "secret.md").write_text("Secret.")
    (book / "a.md").write_text("Text.")
    (book / "b.md").symlink_to(tmp_path / "secret.md")
    (book / "c").symlink_to(tmp_path, target_is_directory=True)
    loaded = load_book(book, base_url="https://book.example/docs")
    assert [page.path for page in loaded.documents] == ["a.md"]
    assert {(page.path, page.reason) for page in loaded.broken} == {
        (path, "It is a link that leads out of the book.") for path in ("b.md", "c/secret.md")
    }
