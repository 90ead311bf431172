from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.chat.citations import Citations


async def checked(pieces: list[str], known: int = 3) -> tuple[str, set[int]]:
    async def arriving() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    citations = Citations(known)
    text = "".join([piece async for piece in citations.check(arriving())])
    return text, citations.cited


@pytest.mark.parametrize(
    ("text", "expected", "cited"),
    [
        ("It is so [1].", "It is so [1].", {1}),
        ("It is so [1][3].", "It is so [1][3].", {1, 3}),
        ("It is so [1, 3].", "It is so [1][3].", {1, 3}),
        ("It is so [1, 9].", "It is so [1].", {1}),
        ("It is so [9].", "It is so.", set()),
        ("It is so [0].", "It is so.", set()),
        ("It is so.[2] Yes.", "It is so.[2] Yes.", {2}),
        ("Use `items[2]` here [1].", "Use `items[2]` here [1].", {1}),
        ("```\nx[9] = y[1]\n```\nDone [2].", "```\nx[9] = y[1]\n```\nDone [2].", {2}),
        ("A lone ` tick.\n\nIt is so [1].", "A lone ` tick.\n\nIt is so [1].", {1}),
        ("```\n\nx[1]\n\n```", "```\n\nx[1]\n\n```", set()),
        ("A [link](x) and [note].", "A [link](x) and [note].", set()),
        ("An open [", "An open [", set()),
        ("An open [1", "An open [1", set()),
        ("", "", set()),
    ],
)
async def test_markers_that_name_no_source_are_removed(
    text: str, expected: str, cited: set[int]
) -> None:
    assert await checked([text]) == (expected, cited)


@given(st.text(alphabet="a `[]123, .\n", max_size=60), st.data())
async def test_it_does_not_matter_where_the_pieces_are_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edges = [0, *cuts, len(text)]
    pieces = [text[start:end] for start, end in pairwise(edges)]

    assert await checked(pieces) == await checked([text])


async def test_text_goes_out_as_soon_as_it_is_certain() -> None:
    sent: list[str] = []

    async def arriving() -> AsyncIterator[str]:
        for piece in ("One word", " and a marker [1", "] more"):
            sent.append(piece)
            yield piece

    heard = [f"{len(sent)}:{piece}" async for piece in Citations(3).check(arriving())]

    assert heard == ["1:One word", "2: and a marker", "3: [1] more"]
