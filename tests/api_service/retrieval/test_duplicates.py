from dataclasses import replace

from api_service.documents import Chunk
from api_service.retrieval.duplicates import distinct
from tests.api_service.book import GAIT, IMU, make_chunk, scored

LONG = " ".join(f"Step {n} turns joint {n} by {n} degrees." for n in range(40))


def kept(*chunks: Chunk) -> list[Chunk]:
    return [each.chunk for each in distinct(scored(*chunks))]


def test_of_one_text_on_two_pages_the_better_placed_stays() -> None:
    again = replace(IMU, document="old/sensors", path="old/sensors.md")

    assert kept(IMU, GAIT, again) == [IMU, GAIT]
    assert kept(again, GAIT, IMU) == [again, GAIT]


def test_case_white_space_and_markup_make_no_other_text() -> None:
    assert kept(make_chunk(LONG), make_chunk(f"**{LONG.upper()}**\n\n", ordinal=1)) == [
        make_chunk(LONG)
    ]


def test_a_word_changed_in_a_long_text_makes_no_other_text() -> None:
    changed = make_chunk(LONG.replace("joint 7", "wheel 7"), page="Other")

    assert kept(make_chunk(LONG), changed) == [make_chunk(LONG)]


def test_texts_that_differ_by_a_tenth_both_stay() -> None:
    changed = make_chunk(LONG.replace("degrees", "radians"), page="Other")

    assert kept(make_chunk(LONG), changed) == [make_chunk(LONG), changed]


def test_short_texts_under_two_headings_both_stay() -> None:
    one, other = (make_chunk("See above.", heading=heading) for heading in ("Arms", "Legs"))

    assert kept(one, other, make_chunk("")) == [one, other, make_chunk("")]
