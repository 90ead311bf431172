import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_service.documents import Chunk, Document, Section
from api_service.ingestion.chunking import SMALLEST_BUDGET, split
from api_service.token_counts import count_tokens


def page(*sections: Section) -> Document:
    return Document(
        id="arms",
        path="arms.md",
        title="Arms",
        url="https://book.example/docs/arms",
        sections=sections,
    )


def cut(text: str, max_tokens: int = 100) -> list[str]:
    chunks = split(page(Section(("Arms",), "", text)), max_tokens=max_tokens)
    assert all(count_tokens(chunk.searchable) <= max_tokens for chunk in chunks)
    return [chunk.text for chunk in chunks]


def words(text: str) -> str:
    return re.sub(r"\s", "", text)


def fence(lines: int, *, marks: str = "```", lead: str = "") -> str:
    body = "\n".join(f"{lead}    value_{n} = compute({n})" for n in range(lines))
    return f"{lead}{marks}python\n{body}\n{lead}{marks}"


def paragraph(sentences: int) -> str:
    return " ".join(f"Sentence number {n} is about a robot arm." for n in range(sentences))


def test_a_chunk_carries_its_page_and_its_section() -> None:
    (chunk,) = split(page(Section(("Arms", "Joints"), "joints", "A joint turns.")))
    assert chunk == Chunk(
        document="arms",
        path="arms.md",
        title="Arms",
        heading_path=("Arms", "Joints"),
        url="https://book.example/docs/arms",
        anchor="joints",
        text="A joint turns.",
        ordinal=0,
    )


def test_small_blocks_of_a_section_stand_in_one_chunk() -> None:
    text = "One.\n\n- two\n- three\n\n```\nfour\n```\n\n> five"
    assert cut(text) == [text]


def test_no_chunk_crosses_two_sections() -> None:
    chunks = split(page(Section(("A",), "", "One."), Section(("A", "B"), "b", "Two.")))
    assert [(chunk.anchor, chunk.text) for chunk in chunks] == [("", "One."), ("b", "Two.")]


def tiny(name: str, text: str = "Short.") -> Section:
    return Section(("Arms", "Joints", name), name.lower(), text)


def test_tiny_sections_of_one_parent_share_a_chunk_under_the_first() -> None:
    chunks = split(page(tiny("Elbow"), tiny("Wrist"), tiny("Hip")))
    (chunk,) = chunks
    assert (chunk.heading_path, chunk.anchor) == (("Arms", "Joints", "Elbow"), "elbow")
    assert chunk.text == "Short.\n\n### Wrist\n\nShort.\n\n### Hip\n\nShort."


@pytest.mark.parametrize(
    "other",
    [
        Section(("Arms", "Links", "Wrist"), "wrist", "Short."),
        Section(("Arms", "Joints"), "joints", "Short."),
        Section(("Arms", "Joints", "Elbow", "Wrist"), "wrist", "Short."),
        tiny("Wrist", paragraph(10)),
        tiny("Wrist", ""),
    ],
)
def test_sections_of_other_parents_and_longer_ones_stand_alone(other: Section) -> None:
    chunks = split(page(tiny("Elbow"), other))
    assert chunks[0].text == "Short."
    assert chunks[0].heading_path == ("Arms", "Joints", "Elbow")


def test_tiny_sections_never_make_a_chunk_of_more_than_a_quarter_of_the_budget() -> None:
    chunks = split(page(*(tiny(f"Joint {n}", f"Number {n}.") for n in range(100))))
    assert all(count_tokens(chunk.text) <= 110 for chunk in chunks)
    assert 5 < len(chunks) < 50


def test_a_code_block_that_fits_only_without_some_headings_is_whole_without_them() -> None:
    path = ("Arms", "A long heading about joints and motors", "Bus")
    code = fence(11)
    budget = count_tokens(f"Bus\n{code}")
    text = f"Above.\n\n{code}\n\nBelow."
    chunks = split(page(Section(path, "bus", text)), max_tokens=budget)
    assert [chunk.text for chunk in chunks] == ["Above.", code, "Below."]
    assert [chunk.unindexed_headings for chunk in chunks] == [0, 2, 0]
    assert all(chunk.heading_path == path for chunk in chunks)
    assert chunks[1].searchable == f"Bus\n{code}"
    assert count_tokens(chunks[1].searchable) <= budget


def test_a_chunk_knows_its_lines_in_the_file() -> None:
    text = f"{paragraph(7)}\n\n{fence(6)}\n\n- one\n- two"
    lines = tuple((n, n) for n in range(10, 10 + text.count("\n") + 1))
    chunks = split(page(Section(("Arms",), "", text, lines)), max_tokens=100)
    assert [chunk.lines for chunk in chunks] == [(10, 10), (12, 22)]


def test_the_parts_of_long_blocks_know_their_own_lines() -> None:
    for text, above in ((fence(60), 1), ("| a |\n| - |\n" + "| 1 2 3 |\n" * 60, 2)):
        lines = tuple((n, n) for n in range(1, text.count("\n") + 2))
        chunks = split(page(Section(("Arms",), "", text, lines)), max_tokens=100)
        spans = [chunk.lines for chunk in chunks if chunk.lines]
        assert spans[0][0] == above + 1
        assert all(first[1] + 1 == second[0] for first, second in pairwise(spans))
        assert spans[-1][1] == above + 60


def test_the_parts_of_a_long_paragraph_know_their_own_lines() -> None:
    text = "\n".join(f"Sentence number {n} is about a robot arm." for n in range(40))
    lines = tuple((n, n) for n in range(40))
    for chunk in split(page(Section(("Arms",), "", text, lines)), max_tokens=60):
        numbers = [int(number) for number in re.findall(r"\d+", chunk.text)]
        assert chunk.lines == (numbers[0], numbers[-1])


def test_a_section_without_text_makes_no_chunk() -> None:
    assert split(page(Section(("A",), "", ""), Section(("A", "B"), "b", " \n "))) == []


def test_ordinals_number_the_chunks_of_an_anchor_even_where_it_comes_twice() -> None:
    long = paragraph(40)
    document = page(
        Section(("A",), "a", long), Section(("B",), "b", "x"), Section(("C",), "a", "y")
    )
    chunks = split(document, max_tokens=100)
    assert [chunk.ordinal for chunk in chunks if chunk.anchor == "a"] == list(
        range(len(chunks) - 1)
    )
    assert [chunk.ordinal for chunk in chunks if chunk.anchor == "b"] == [0]
    assert len({chunk.id for chunk in chunks}) == len(chunks)


def test_a_code_block_that_fits_is_never_cut() -> None:
    code = fence(5)
    chunks = cut(f"{paragraph(8)}\n\n{code}\n\n{paragraph(8)}")
    assert len(chunks) > 1
    assert sum(code in chunk for chunk in chunks) == 1


@pytest.mark.parametrize("marks", ["```", "~~~~"])
@pytest.mark.parametrize("lead", ["", "> ", "   "])
def test_a_long_code_block_is_cut_between_lines_and_each_part_is_code(
    marks: str, lead: str
) -> None:
    code = fence(60, marks=marks, lead=lead).strip()
    chunks = cut(code)
    assert len(chunks) > 3
    for chunk in chunks:
        first, *_, last = chunk.split("\n")
        assert first.strip(" >") == f"{marks}python"
        assert last.strip(" >") == marks
    lines = [line for chunk in chunks for line in chunk.split("\n")[1:-1]]
    assert lines == code.split("\n")[1:-1]


def test_the_parts_of_a_long_code_block_are_about_the_same_length() -> None:
    lengths = [count_tokens(chunk) for chunk in cut(fence(35))]
    assert min(lengths) > max(lengths) / 2


def test_a_code_block_without_an_end_is_closed_in_every_part() -> None:
    chunks = cut(fence(60).removesuffix("```"))
    assert all(chunk.startswith("```python\n") and chunk.endswith("\n```") for chunk in chunks)


def test_a_line_of_code_longer_than_the_budget_is_cut_but_stays_code() -> None:
    line = " ".join(f"argument_{n}" for n in range(200))
    chunks = cut(f"```bash\n{line}\n```")
    assert all(chunk.startswith("```bash\n") and chunk.endswith("\n```") for chunk in chunks)
    assert words("".join(chunk[8:-4] for chunk in chunks)) == words(line)


def test_a_code_block_whose_opening_is_longer_than_the_budget_is_cut_as_text() -> None:
    code = f"```python title={'long-' * 100}\na = 1\n```"
    assert words("".join(cut(code))) == words(code)


def test_a_long_table_repeats_its_head_in_every_part() -> None:
    head = "| Joint | Torque |\n| --- | --- |"
    rows = [f"| joint {n} | {n} newton metres |" for n in range(60)]
    chunks = cut("\n".join([head, *rows]))
    assert len(chunks) > 3
    assert all(chunk.startswith(head + "\n") for chunk in chunks)
    assert [line for chunk in chunks for line in chunk.split("\n")[2:]] == rows


def test_a_table_s_row_longer_than_the_budget_loses_no_word() -> None:
    row = f"| a | {paragraph(30)} |"
    chunks = cut(f"| x | y |\n| - | - |\n{row}")
    assert words("".join(chunk.split("\n", 2)[2] for chunk in chunks)) == words(row)


def test_a_long_list_is_cut_between_its_items() -> None:
    items = [f"- Item {n} is about a robot arm." for n in range(40)]
    chunks = cut("\n".join(items))
    assert all(chunk.startswith("- Item") for chunk in chunks)
    assert [line for chunk in chunks for line in chunk.split("\n")] == items


def test_a_code_block_in_a_long_list_item_stays_whole() -> None:
    code = fence(4, lead="  ")
    text = f"- {paragraph(8)}\n\n{code}\n\n  {paragraph(8)}\n- Next."
    assert sum(code in chunk for chunk in cut(text)) == 1


def test_a_long_quote_is_cut_between_its_paragraphs() -> None:
    chunks = cut(f"> {paragraph(8)}\n>\n> {paragraph(8)}\n>\n> Last.")
    assert len(chunks) == 2
    assert all(chunk.startswith("> Sentence number 0") for chunk in chunks)


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    chunks = cut(paragraph(40))
    assert len(chunks) > 3
    assert all(chunk.startswith("Sentence") and chunk.endswith("arm.") for chunk in chunks)


@pytest.mark.parametrize("unit", ["字", "QUJD", "word ", "a\n", "🤖", " "])
def test_a_section_of_half_a_megabyte_is_cut_without_loss(unit: str) -> None:
    text = unit * (500_000 // len(unit.encode()))
    chunks = split(page(Section(("Arms",), "", text)))
    assert words("".join(chunk.text for chunk in chunks)) == words(text)


def test_a_line_that_announces_code_goes_with_it() -> None:
    chunks = cut(f"{paragraph(7)}\n\nRun this:\n\n{fence(6)}")
    assert [chunk.startswith("Run this:\n\n```python") for chunk in chunks] == [False, True]


def test_definitions_of_links_and_footnotes_are_kept() -> None:
    text = "See [the page][1] and[^n].\n\n[1]: https://book.example/x\n[^n]: A note."
    assert cut(text) == [text]


def test_a_heading_path_longer_than_the_budget_leaves_room_for_text() -> None:
    long = "an endless heading " * 100
    chunks = split(page(Section(("Arms", long, long + "end"), "x", paragraph(20))), max_tokens=60)
    assert all(count_tokens(chunk.searchable) <= 60 for chunk in chunks)
    assert all(len(chunk.heading_path) == 1 for chunk in chunks)
    assert words("".join(chunk.text for chunk in chunks)) == words(paragraph(20))


def test_a_budget_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at least {SMALLEST_BUDGET}"):
        split(page(), max_tokens=SMALLEST_BUDGET - 1)


BLOCKS = st.one_of(
    st.text(max_size=400),
    st.integers(0, 60).map(paragraph),
    st.builds(fence, st.integers(0, 40), marks=st.sampled_from(["```", "~~~"])),
    st.integers(0, 40).map(lambda n: "| a | b |\n| --- | --- |\n" + "\n".join(["| 1 | 2 |"] * n)),
    st.integers(1, 40).map(lambda n: "\n".join(f"{'  ' * (i % 4)}- item {i}" for i in range(n))),
    st.integers(1, 300).map(lambda n: "🤖é中" * n),
    st.sampled_from(["> a\n> ```\n> b", "```", "- ```\n  a", "$$\nx\n$$", "[a]: b", " " * 300]),
)


@settings(max_examples=150)
@given(
    blocks=st.lists(BLOCKS, max_size=8),
    headings=st.lists(st.text(max_size=200), min_size=1, max_size=4),
    max_tokens=st.integers(SMALLEST_BUDGET, 300),
)
def test_no_chunk_is_over_the_budget_and_no_word_is_lost(
    blocks: list[str], headings: list[str], max_tokens: int
) -> None:
    text = "\n\n".join(blocks)
    chunks = split(page(Section(tuple(headings), "x", text)), max_tokens=max_tokens)
    assert all(count_tokens(chunk.searchable) <= max_tokens for chunk in chunks)
    assert all(chunk.text.strip() for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    _assert_contains_in_order("".join(chunk.text for chunk in chunks), text)


def _assert_contains_in_order(whole: str, text: str) -> None:
    """Every character that is no space appears, in order; repeated heads may stand between."""
    characters = iter(whole)
    assert all(character in characters for character in words(text))


def test_chunks_of_one_section_follow_each_other() -> None:
    chunks = cut("\n\n".join(f"{n}. {paragraph(3)}" for n in range(20)))
    numbers = [
        int(number) for chunk in chunks for number in re.findall(r"^(\d+)\.", chunk, re.MULTILINE)
    ]
    assert all(first < second for first, second in pairwise(numbers))


def test_a_chunk_knows_the_section_above_its_own() -> None:
    chunks = split(
        page(
            Section(("Arms",), "", paragraph(20)),
            Section(("Arms", "Joints"), "joints", paragraph(20)),
            Section(("Arms", "Joints", "Elbow"), "elbow", paragraph(20)),
            Section(("Arms", "Motors"), "motors", paragraph(20)),
            Section(("Elsewhere", "Legs"), "legs", paragraph(20)),
        )
    )
    assert {chunk.anchor: chunk.parent for chunk in chunks} == {
        "": None,
        "joints": "",
        "elbow": "joints",
        "motors": "",
        "legs": None,
    }


def test_a_section_under_no_heading_is_cut_like_any_other() -> None:
    page = Document("a", "a.md", "", "u", (Section((), "", "Text."), Section((), "x", "More.")))
    assert [chunk.text for chunk in split(page)] == ["Text.", "More."]
