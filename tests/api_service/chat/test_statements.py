import re

import pytest

from api_service.chat.statements import Marker, sentence_end, statements


def spans(text: str) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return each statement of a text as it is marked, its words alone, and its sources."""
    markers = [
        Marker(int(found[1]), found.start(), found.end())
        for found in re.finditer(r" ?\[(\d)\]", text)
    ]
    found = []
    start = 0
    while start < len(text):
        end = sentence_end(text, start) or len(text)
        inside = [marker for marker in markers if start <= marker.start < end]
        found += [
            (text[each.start : each.end], each.text, each.sources)
            for each in statements(text, start, end, inside)
        ]
        start = end
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The legs are long [1].", [("The legs are long [1]", "The legs are long", (1,))]),
        ("The legs are long. [1]", [("The legs are long. [1]", "The legs are long.", (1,))]),
        (
            "Rain is wet. The legs are long. [1] [2] Arms are short.",
            [("The legs are long. [1] [2]", "The legs are long.", (1, 2))],
        ),
        (
            "The legs are long [1] and the arms are short [2].",
            [
                ("The legs are long [1]", "The legs are long", (1,)),
                ("and the arms are short [2]", " and the arms are short", (2,)),
            ],
        ),
        (
            "As in [1], the legs are long.",
            [("As in [1], the legs are long.", "As in, the legs are long.", (1,))],
        ),
        (
            "- The legs are long [1]\n- The arms are short [2]",
            [
                ("The legs are long [1]", "- The legs are long", (1,)),
                ("The arms are short [2]", "- The arms are short", (2,)),
            ],
        ),
        ("1. The legs are long. [1]", [("The legs are long. [1]", "The legs are long.", (1,))]),
        ("No marker at all.", []),
        ("[1]", [("[1]", "", (1,))]),
        (
            "\u817f\u5f88\u957f\u3002[1]\u624b\u5f88\u77ed\u3002[2]",
            [
                ("\u817f\u5f88\u957f\u3002[1]", "\u817f\u5f88\u957f\u3002", (1,)),
                ("\u624b\u5f88\u77ed\u3002[2]", "\u624b\u5f88\u77ed\u3002", (2,)),
            ],
        ),
    ],
)
def test_a_marker_speaks_for_its_clause_or_its_sentence(
    text: str, expected: list[tuple[str, str, tuple[int, ...]]]
) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("It ends. Here", 9),
        ("It ends. [1] Here", 13),
        ("It may not end. ", None),
        ("It may not end. [", None),
        ("It costs 3.5 and e.g. more", None),
        ("A line\nends", 7),
    ],
)
def test_a_sentence_ends_when_the_next_has_begun(text: str, end: int | None) -> None:
    assert sentence_end(text, 0) == end
