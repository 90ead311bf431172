"""Loading and cutting real books: what no page of our own making would show."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urldefrag

import pytest

from api_service.documents import Document
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import Book, load_book
from api_service.token_counts import count_tokens
from tests.api_service.ingestion.books import BASE_URL, EXAMPLE, LEROBOT, needs_lerobot

BOOKS = [
    pytest.param(EXAMPLE, id="example"),
    pytest.param(LEROBOT, id="lerobot", marks=needs_lerobot),
]
every_book = pytest.mark.parametrize("folder", BOOKS)

FENCE = re.compile(r"^[ \t>]*(?:[-*+][ \t]+|\d+\.[ \t]+)?(`{3,}|~{3,})")
DEBRIS = re.compile(
    r"</?[A-Z][A-Za-z]*|</?(?:hfoption|div|p|td|tr|table|img|video|br|details|summary)\b"
    r"|^(?:import|export)\s|<!--|\{/\*|^:{3,}|\[![A-Z]+\]|\{#|[\ufdd0-\ufdef]"
)


@cache
def book(folder: Path) -> Book:
    return load_book(folder, base_url=BASE_URL)


def prose(text: str) -> list[str]:
    """Return the lines outside code, read by a scanner that shares nothing with the loader."""
    lines: list[str] = []
    marks = ""
    for line in text.split("\n"):
        match = FENCE.match(line)
        if not marks and match:
            marks = match[1]
        elif marks and line.strip(" \t>").startswith(marks) and not line.strip(" \t>`~"):
            marks = ""
        elif not marks:
            lines.append(line)
    return re.sub(r"`(?:(?!\n\n)[^`])+`", "code", "\n".join(lines)).split("\n")


def code_blocks(text: str) -> list[str]:
    """Return the lines inside every code block, without their indentation."""
    blocks: list[str] = []
    body: list[str] = []
    marks = ""
    for line in text.split("\n"):
        match = FENCE.match(line)
        if not marks and match:
            marks, body = match[1], []
        elif marks and line.strip(" \t>").startswith(marks) and not line.strip(" \t>`~"):
            blocks.append("\n".join(body))
            marks = ""
        elif marks:
            body.append(line.strip())
    return blocks


def source(folder: Path, page: Document) -> str:
    text = (folder / page.path).read_text(encoding="utf-8")
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def without_indentation(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n"))


@needs_lerobot
def test_all_109_pages_are_loaded() -> None:
    assert len(book(LEROBOT).documents) == 109
    assert book(LEROBOT).broken == ()


def test_every_page_of_the_example_book_is_loaded() -> None:
    pages = [path for path in EXAMPLE.rglob("*.md*") if not path.name.startswith("_")]
    assert len(book(EXAMPLE).documents) == len(pages) >= 12
    assert book(EXAMPLE).broken == ()


@every_book
def test_no_text_holds_what_only_a_site_renders(folder: Path) -> None:
    debris = [
        (page.path, section.anchor, line)
        for page in book(folder).documents
        for section in page.sections
        for line in prose(section.text)
        if DEBRIS.search(line)
    ]
    assert debris == []


@every_book
def test_every_heading_is_found(folder: Path) -> None:
    for page in book(folder).documents:
        expected = [
            line for line in prose(source(folder, page)) if re.match(r"[ \t]*#{2,6}[ \t]+\S", line)
        ]
        found = [section for section in page.sections if section.anchor]
        assert len(found) == len(expected), page.path


@every_book
def test_anchors_are_unique_on_their_page(folder: Path) -> None:
    for page in book(folder).documents:
        anchors = [section.anchor for section in page.sections if section.anchor]
        assert len(anchors) == len(set(anchors)), page.path


@every_book
def test_code_is_as_its_author_wrote_it(folder: Path) -> None:
    for page in book(folder).documents:
        text = "\n".join(section.text for section in page.sections)
        assert code_blocks(text) == code_blocks(source(folder, page)), page.path


@every_book
def test_code_and_tables_that_fit_are_whole_in_a_chunk(folder: Path) -> None:
    for page in book(folder).documents:
        chunks = split(page)
        for section in page.sections:
            alone = " > ".join(section.heading_path)
            whole = [f"```\n{block}\n```" for block in code_blocks(section.text)]
            whole += re.findall(r"^\|.*\n\|[-| :]+\n(?:\|.*(?:\n|$))*", section.text, re.MULTILINE)
            texts = [without_indentation(chunk.text) for chunk in chunks]
            for block in whole:
                if count_tokens(f"{alone}\n{block}") > 350:  # indentation and its info add a few
                    continue
                body = without_indentation(block).strip("`\n")
                assert any(body in text for text in texts), (page.path, section.anchor)


@every_book
def test_chunks_keep_the_budget_and_their_ids_are_unique(folder: Path) -> None:
    chunks = [chunk for page in book(folder).documents for chunk in split(page)]
    assert max(count_tokens(chunk.searchable) for chunk in chunks) <= 400
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@every_book
def test_no_word_of_a_section_is_lost(folder: Path) -> None:
    for page in book(folder).documents:
        whole = iter("".join(chunk.text for chunk in split(page)))
        for section in page.sections:
            missing = [c for c in "".join(section.text.split()) if c not in whole]
            assert missing == [], (page.path, section.anchor)


@every_book
def test_links_within_a_book_lead_to_its_pages_and_headings(folder: Path) -> None:
    pages = {page.url: {s.anchor for s in page.sections} for page in book(folder).documents}
    texts = [section.text for page in book(folder).documents for section in page.sections]
    links = [link for text in texts for link in re.findall(rf"\]\(({BASE_URL}[^()\s]*)", text)]
    assert len(links) > 10
    for address, anchor in map(urldefrag, links):
        assert anchor in pages[address] or not anchor, address


@needs_lerobot
def test_a_known_question_s_section_has_its_link() -> None:
    page = next(page for page in book(LEROBOT).documents if page.id == "api/robots")
    assert page.title == "Robots"
    assert page.url == f"{BASE_URL}/api/robots"
    assert "so-100-and-so-101-followers" in {section.anchor for section in page.sections}


def test_the_example_book_s_links_are_docusaurus_own() -> None:
    pages = {page.path: page for page in book(EXAMPLE).documents}
    assert pages["intro.md"].url == f"{BASE_URL}/"
    ros = pages["02-software/01-ros2.mdx"]
    assert (ros.id, ros.url) == ("software/ros2", f"{BASE_URL}/software/ros2")
    assert ("ROS 2: the nervous system", "Quality of service") in {
        section.heading_path for section in ros.sections if section.anchor == "qos"
    }


def test_a_partial_of_the_example_book_stands_where_it_is_included() -> None:
    page = next(page for page in book(EXAMPLE).documents if page.id == "foundations/kinematics")
    assert "Note: Conventions\n\nLengths are in metres" in page.sections[0].text
