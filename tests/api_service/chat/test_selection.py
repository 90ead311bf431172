import pytest

from api_service.chat.selection import SELECTION_TOKENS, besides, holds, marked
from api_service.token_counts import count_tokens
from tests.api_service.book import GAIT, IMU, LIDAR, make_chunk


def test_a_chunk_holds_a_passage_marked_in_it() -> None:
    assert holds("timing light. Rain and dust", LIDAR)
    assert not holds("timing light. Rain and dust", IMU)


def test_marks_between_the_words_do_not_matter() -> None:
    chunk = make_chunk("The **zero moment point** (see [there](/x)) is where `tau` vanishes.")

    assert holds("The zero moment point (see there) is where tau vanishes.", chunk)
    assert holds("ZERO  MOMENT\nPOINT", chunk)


def test_a_passage_over_two_chunks_is_held_by_the_one_with_most_of_it() -> None:
    passage = f"{GAIT.text} {IMU.text[:40]}"

    assert holds(passage, GAIT)
    assert not holds(passage, IMU)


@pytest.mark.parametrize("passage", ["", "lidar", "a lidar", "\u2026"])
def test_too_few_words_are_held_by_nothing(passage: str) -> None:
    assert not holds(passage, LIDAR)


def test_of_a_long_passage_the_beginning_is_read() -> None:
    assert marked(" A gait. ") == "A gait."
    assert count_tokens(marked("word " * 5000)) == SELECTION_TOKENS


def test_what_is_not_marked_is_not_searched_for() -> None:
    assert besides("") == ()
    assert [each.text for each in besides("A gait.")] == ["A gait."]
