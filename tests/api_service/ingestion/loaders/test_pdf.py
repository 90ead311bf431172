from pathlib import Path

import pytest

from api_service.documents import Document
from api_service.ingestion.loaders.pdf.layout import clean
from api_service.ingestion.loaders.pdf.reading import told
from tests.api_service.ingestion.books import BASE_URL, load
from tests.api_service.ingestion.pdfs import Bookmark, Placed, lines, pdf

pytest.importorskip("pypdfium2", reason="needs the extra `formats`")

LONG = "words that fill a line of the page to its very end, as they do in"


def load_pdf(folder: Path, data: bytes, *, name: str = "manual.pdf") -> Document:
    book = load(folder, {name: data})
    assert book.broken == ()
    (document,) = book.documents
    return document


def text_of(folder: Path, *placed: Placed) -> str:
    """Return the text of a file of one page."""
    (section,) = load_pdf(folder, pdf([placed])).sections
    return section.text


def test_each_page_is_a_section_whose_link_opens_it(tmp_path: Path) -> None:
    page = load_pdf(tmp_path, pdf([lines("One."), lines("Two."), []]), name="a b/manual.pdf")
    assert page.url == f"{BASE_URL}/a%20b/manual.pdf"
    assert [(s.heading_path, s.anchor, s.text) for s in page.sections] == [
        (("manual",), "page=1", "One."),
        (("manual",), "page=2", "Two."),
    ]


def test_headings_come_from_the_outline_and_reach_over_pages(tmp_path: Path) -> None:
    outline = [
        Bookmark(
            "Arms", 0, (Bookmark("Joints", 0, (Bookmark("Motors", 1),)), Bookmark("Links", 2))
        ),
        Bookmark("Hands", 2),
    ]
    pages = [
        lines("Before.", "Chapter 1: Arms", "Opening.", "1.1 Joints", "J."),
        lines("More J.", "Motors", "M."),
        lines("Links", "L.", "Hands", "H."),
    ]
    page = load_pdf(tmp_path, pdf(pages, outline=outline, title="Robots"))
    assert [(s.heading_path, s.anchor, s.text) for s in page.sections] == [
        (("Robots",), "page=1", "Before."),
        (("Robots", "Arms"), "page=1", "Opening."),
        (("Robots", "Arms", "Joints"), "page=1", "J."),
        (("Robots", "Arms", "Joints"), "page=2", "More J."),
        (("Robots", "Arms", "Joints", "Motors"), "page=2", "M."),
        (("Robots", "Arms", "Links"), "page=3", "L."),
        (("Robots", "Hands"), "page=3", "H."),
    ]


def test_a_heading_over_two_lines_is_found_and_one_nobody_sees_still_counts(tmp_path: Path) -> None:
    pages = [lines("First.", "2 How robots", "learn", "Text."), lines("Last.")]
    outline = [Bookmark("How robots learn", 0), Bookmark("Invisible", 1)]
    page = load_pdf(tmp_path, pdf(pages, outline=outline))
    assert [(s.heading_path[1:], s.text) for s in page.sections] == [
        ((), "First."),
        (("How robots learn",), "Text."),
        (("Invisible",), "Last."),
    ]


def test_without_an_outline_larger_lines_are_headings(tmp_path: Path) -> None:
    page = load_pdf(
        tmp_path,
        pdf(
            [
                [
                    *lines("Robots", size=24, top=740),
                    *lines("Arms", size=16, top=700),
                    *lines(LONG, LONG, LONG, top=670),
                    *lines("Joints", size=13.5, top=600),
                    *lines(LONG, top=570),
                ]
            ]
        ),
    )
    assert page.title == "Robots"
    assert [s.heading_path for s in page.sections] == [
        ("Robots", "Arms"),
        ("Robots", "Arms", "Joints"),
    ]


@pytest.mark.parametrize(
    ("told_title", "title"),
    [
        ("Robots", "Robots"),
        ("Untitled", "manual"),
        ("Microsoft Word - draft7", "manual"),
        ("robots.docx", "manual"),
        ("", "manual"),
    ],
)
def test_the_title_is_the_file_s_own_if_it_says_something(
    tmp_path: Path, told_title: str, title: str
) -> None:
    assert load_pdf(tmp_path, pdf([lines("Text.")], title=told_title)).title == title


def test_lines_become_paragraphs(tmp_path: Path) -> None:
    text = text_of(
        tmp_path,
        *lines(LONG, "it.", top=740),
        *lines("Another one, further down.", top=690),
        (84, 676.8, "F1", 11, "Indented, a third one."),
    )
    assert text.split("\n\n") == [
        f"{LONG} it.",
        "Another one, further down.",
        "Indented, a third one.",
    ]


@pytest.mark.parametrize(
    ("placed", "text"),
    [
        (lines("a robot's manipu-", "lator"), "a robot's manipulator"),
        (lines("well-known", "and a well-", "known one"), "well-known and a well-known one"),
        (lines("the CUDA-", "Toolkit"), "the CUDA-Toolkit"),
        (lines("from 2-", "3 m"), "from 2-3 m"),
    ],
)
def test_words_parted_at_the_end_of_a_line_are_mended(
    tmp_path: Path, placed: list[Placed], text: str
) -> None:
    assert text_of(tmp_path, *placed) == text


def test_a_sentence_goes_on_over_the_page_and_is_found_where_it_begins(tmp_path: Path) -> None:
    page = load_pdf(
        tmp_path, pdf([lines("It moves the manip-"), lines("ulator on.", "", "# Next.")])
    )
    assert [(s.anchor, s.text) for s in page.sections] == [
        ("page=1", "It moves the manipulator on."),
        ("page=2", "\\# Next."),
    ]


def test_items_begin_lines_of_their_own(tmp_path: Path) -> None:
    text = text_of(tmp_path, *lines("Parts:", "\u2022 arm", "\u2022 hand", "1. first", "2. second"))
    assert text == "Parts:\n\n- arm\n\n- hand\n\n1. first\n\n2. second"


def test_a_font_of_fixed_width_is_code_with_its_indentation(tmp_path: Path) -> None:
    code = lines("def f(x):", "    if  x:", "        return `x`", "", "f(1)", font="F2", size=10)
    text = text_of(tmp_path, *lines("Run", top=740), *code, *lines("Done.", top=600))
    assert text == "Run\n\n```\ndef f(x):\n    if  x:\n        return `x`\n\nf(1)\n```\n\nDone."


def test_columns_become_a_table(tmp_path: Path) -> None:
    rows = [("Robot", "Speed"), ("Arm|A", "2 m/s"), ("Rover", "5 m/s")]
    placed = [
        (left, 700 - 14 * n, "F1", 11, cell)
        for n, row in enumerate(rows)
        for left, cell in zip((72, 220), row, strict=True)
    ]
    assert text_of(tmp_path, *placed) == (
        "| Robot | Speed |\n| --- | --- |\n| Arm\\|A | 2 m/s |\n| Rover | 5 m/s |"
    )


def test_running_heads_and_feet_are_dropped(tmp_path: Path) -> None:
    pages = [
        [
            *lines("The book of robots", top=760),
            *lines(f"Text of page {number}.", top=700),
            *lines(f"{chapter} {number + 9}", top=40),
        ]
        for number, chapter in enumerate(["1: Arms"] * 2 + ["2: Hands"] * 2 + ["3: Eyes"] * 2)
    ]
    page = load_pdf(tmp_path, pdf(pages))
    assert [s.text for s in page.sections] == [f"Text of page {number}." for number in range(6)]


def test_lines_of_a_table_of_contents_are_dropped(tmp_path: Path) -> None:
    assert (
        text_of(tmp_path, *lines("Contents", "Arms . . . . . . . . 12", "Hands.......iv"))
        == "Contents"
    )


def test_ligatures_and_signs_that_show_nothing_are_mended() -> None:
    assert clean("e\ufb03cient \ufb01le\x00\u200b\ud800") == "efficient file"


def test_pages_that_may_be_scans_are_named(tmp_path: Path) -> None:
    picture = b"q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x00 EI Q"
    data = pdf([lines("Text."), [], []], drawn={1: picture})
    page = load_pdf(tmp_path, data)
    (flaw,) = page.flaws
    assert flaw.reason.endswith("may be scans: 2.")


def test_what_is_read_is_told_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([lines("One"), lines("Two", font="F3")], title="T"))
    about, first, second = told(path)
    assert about == {"title": "T", "pages": 2, "bookmarks": []}
    assert (first["lines"][0]["text"], first["lines"][0]["is_bold"]) == ("One", False)
    assert (second["lines"][0]["text"], second["lines"][0]["is_bold"]) == ("Two", True)


def test_a_file_that_cannot_be_opened_is_refused_with_the_engine_s_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing")
    (refusal,) = told(path)
    assert set(refusal) == {"refused"}


def test_bookmarks_and_pictures_are_told(tmp_path: Path) -> None:
    picture = b"q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x00 EI Q"
    path = tmp_path / "a.pdf"
    path.write_bytes(
        pdf([lines("manipu-", "lator"), []], outline=[Bookmark("B", 1)], drawn={1: picture})
    )
    about, first, second = told(path)
    assert about["bookmarks"] == [{"level": 0, "title": "B", "page": 1}]
    assert [line["text"] for line in first["lines"]] == ["manipu\u00ad", "lator"]
    assert second == {"lines": [], "pictures": True}
