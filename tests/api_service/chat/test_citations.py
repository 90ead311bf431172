from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.chat.citations import Citations, SecondLook
from api_service.chat.events import Citation, Delta
from api_service.chat.second_look import Doubt
from tests.api_service.book import GAIT, LIDAR, NODE, scored

SOURCES = scored(LIDAR, GAIT, NODE)


async def events(
    pieces: list[str], second_look: SecondLook | None = None
) -> list[Delta | Citation]:
    async def arriving() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    citations = Citations(SOURCES, second_look=second_look)
    heard = [event async for event in citations.check(arriving())]
    assert "".join(each.text for each in heard if isinstance(each, Delta)) == citations.text
    told = [each for each in heard if isinstance(each, Citation)]
    assert sorted(told, key=lambda each: (each.start, each.n)) == citations.checked
    assert citations.cited == sorted({citation.n for citation in citations.checked})
    return heard


async def checked(pieces: list[str]) -> tuple[str, list[Citation]]:
    heard = await events(pieces)
    text = "".join(each.text for each in heard if isinstance(each, Delta))
    return text, [each for each in heard if isinstance(each, Citation)]


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("It is so [1].", {1}),
        ("It is so [1][3].", {1, 3}),
        ("It is so [1, 3].", {1, 3}),
        ("It is so [1, 9].", {1}),
        ("It is so [9].", set()),
        ("It is so.[2] Yes.", {2}),
        ("Use `items[2]` here [1].", {1}),
        ("```\nx[9] = y[1]\n```\nDone [2].", {2}),
        ("A lone ` tick.\n\nIt is so [1].", {1}),
        ("A [link](x) and [note].", set()),
        ("An open [1", set()),
        ("", set()),
    ],
)
async def test_what_passes_is_not_changed_and_its_markers_are_found(
    text: str, cited: set[int]
) -> None:
    answer, citations = await checked([text])

    assert answer == text
    assert {citation.n for citation in citations} == cited


async def test_white_space_before_the_first_word_is_left_out() -> None:
    answer, (citation,) = await checked(["\n ", " It is", " so [1]."])

    assert answer == "It is so [1]."
    assert answer[citation.start : citation.end] == "It is so [1]"


@given(st.text(alphabet="ab `[]123, .\n", max_size=60), st.data())
async def test_it_does_not_matter_where_the_pieces_are_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edges = [0, *cuts, len(text)]
    pieces = [text[start:end] for start, end in pairwise(edges)]

    assert await checked(pieces) == await checked([text])


async def test_a_citation_follows_the_sentence_it_stands_in() -> None:
    said = ["A lidar measures distance", " [1]. Trotting is", " a dance of five seasons [2]."]
    first, second, third, *rest = await events(said)

    assert (first, second) == (Delta("A lidar measures distance"), Delta(" [1]. Trotting is"))
    assert third == Citation(n=1, start=0, end=29, supported=True)
    assert rest == [
        Delta(" a dance of five seasons [2]."),
        Citation(n=2, start=31, end=70, supported=False),
    ]
    assert "".join(said)[31:70] == "Trotting is a dance of five seasons [2]"


async def test_each_source_of_a_statement_is_compared_with_it() -> None:
    _, citations = await checked(["A lidar measures distance by timing light. [1][2]"])

    assert [(each.n, each.supported) for each in citations] == [(1, True), (2, False)]
    assert {(each.start, each.end) for each in citations} == {(0, 49)}


async def test_a_statement_in_other_words_is_looked_at_again_when_all_is_said() -> None:
    looked: list[Doubt] = []

    async def second_look(doubts: Sequence[Doubt]) -> list[bool]:
        looked.extend(doubts)
        return [True, False]

    said = "Pulses tell how far it is [1]. Trotting is a gait. [2] Horses like apples [2]. "
    figures = "The legs weigh 480 kilograms [2]."
    heard = await events([said + figures], second_look)
    citations = [event for event in heard if isinstance(event, Citation)]

    assert looked == [
        Doubt("Pulses tell how far it is", SOURCES[0]),
        Doubt("Horses like apples", SOURCES[1]),
    ]
    assert [(each.start, each.supported) for each in citations] == [
        (31, True),  # its words are its source's
        (79, False),  # no second look changes a figure
        (0, True),
        (55, False),
    ]
