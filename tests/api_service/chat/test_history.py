from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.chat.history import HISTORY_TOKENS, TURN_TOKENS, recent
from api_service.chat.question import Turn
from api_service.token_counts import count_tokens


def test_a_short_conversation_is_read_whole() -> None:
    turns = (Turn("user", "What is a gait?"), Turn("assistant", "An order."), Turn("user", "Why?"))

    assert recent(turns) == turns


def test_what_was_said_first_goes_first() -> None:
    turns = tuple(Turn("user", f"{n} " + "word " * 150) for n in range(20))
    kept = recent(turns)

    assert 1 < len(kept) < len(turns)
    assert [turn.text for turn in kept] == [turn.text.strip() for turn in turns[-len(kept) :]]


def test_of_a_long_turn_the_beginning_is_read() -> None:
    (kept,) = recent((Turn("assistant", "word " * 5000),))

    assert kept.text.startswith("word word")
    assert kept.text.endswith("word \u2026")
    assert count_tokens(kept.text) <= TURN_TOKENS + 2


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("It is so [1].", "It is so."),
        ("It is so [1][12]. Yes.[3]", "It is so. Yes."),
        ("So [1, 2], and so.", "So, and so."),
        ("Use `items[1]` or m[0][2] here [3].", "Use `items[1]` or m[0][2] here."),
        ("A [link](x) stays [as] it is.", "A [link](x) stays [as] it is."),
    ],
)
def test_markers_of_earlier_answers_are_left_out(said: str, read: str) -> None:
    assert recent((Turn("assistant", said),)) == (Turn("assistant", read),)


def test_what_the_reader_wrote_is_left_as_it_is() -> None:
    assert recent((Turn("user", "What does [1] say?"),))[0].text == "What does [1] say?"


@pytest.mark.parametrize("text", ["", "  \n", "[1]"])
def test_a_turn_that_says_nothing_is_left_out(text: str) -> None:
    assert recent((Turn("user", "Hello"), Turn("assistant", text))) == (Turn("user", "Hello"),)


@given(
    st.lists(
        st.builds(Turn, st.sampled_from(("user", "assistant")), st.text(max_size=4000)),
        max_size=8,
    )
)
def test_no_conversation_is_longer_than_its_budget(turns: list[Turn]) -> None:
    kept = recent(turns)

    assert sum(count_tokens(turn.text) for turn in kept) <= HISTORY_TOKENS
    assert len(kept) <= len(turns)
    assert all(turn.text.strip() for turn in kept)
    assert all(one is not other for one, other in pairwise(kept))
