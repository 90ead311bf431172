from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.chat.markers import with_known_markers


async def arriving(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def kept(*pieces: str) -> str:
    return "".join([piece async for piece in with_known_markers(arriving(*pieces), 3)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is so [1].", "It is so [1]."),
        ("It is so [1][3].", "It is so [1][3]."),
        ("It is so [1, 3].", "It is so [1][3]."),
        ("It is so [1, 9].", "It is so [1]."),
        ("It is so [9].", "It is so."),
        ("It is so [0].", "It is so."),
        ("It is so.[2] Yes.", "It is so.[2] Yes."),
        ("Use `items[2]` here [1].", "Use `items[2]` here [1]."),
        ("```\nx[9] = y[1]\n```\nDone [9].", "```\nx[9] = y[1]\n```\nDone."),
        ("A lone ` tick.\n\nIt is so [9].", "A lone ` tick.\n\nIt is so."),
        ("```\n\nx[9]\n\n```", "```\n\nx[9]\n\n```"),
        ("A [link](x) and [note].", "A [link](x) and [note]."),
        ("An open [", "An open ["),
        ("An open [9", "An open [9"),
        ("", ""),
    ],
)
async def test_markers_that_name_no_source_are_removed(text: str, expected: str) -> None:
    assert await kept(text) == expected


@given(st.text(alphabet="a `[]123, .\n", max_size=60), st.data())
async def test_it_does_not_matter_where_the_pieces_are_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edges = [0, *cuts, len(text)]

    assert await kept(*(text[start:end] for start, end in pairwise(edges))) == await kept(text)


async def test_text_goes_out_as_soon_as_it_is_certain() -> None:
    sent: list[str] = []

    async def pieces() -> AsyncIterator[str]:
        for piece in ("One word", " and a marker [1", "] more"):
            sent.append(piece)
            yield piece

    heard = [f"{len(sent)}:{piece}" async for piece in with_known_markers(pieces(), 3)]

    assert heard == ["1:One word", "2: and a marker", "3: [1] more"]
