from dataclasses import replace

import pytest

from api_service.chat.support import Source
from tests.api_service.book import GAIT, IMU, LIDAR, make_chunk, scored

PRICE = make_chunk("The HKD was 483 bps off, of 1,000 possible, at a price of 3.5 dollars.")


@pytest.mark.parametrize(
    ("statement", "supported"),
    [
        ("A lidar measures distance by timing light.", True),
        ("Lidars measure how long light takes, and so distances", True),
        ("Rain blinds a lidar", True),
        ("A radar measures speed by the shift of a radio wave.", False),
        ("Lidars were invented by Hughes in California.", False),
        ("It is so.", True),
        ("", True),
    ],
)
def test_a_statement_must_share_half_its_terms_with_its_source(
    statement: str, supported: bool
) -> None:
    assert Source(scored(LIDAR)[0]).supports(statement) == supported


@pytest.mark.parametrize(
    ("figure", "supported"),
    [("483 bps", True), ("438 bps", False), ("1000", True), ("3.5 dollars", True), ("5.3", False)],
)
def test_a_figure_must_be_the_sources_own(figure: str, supported: bool) -> None:
    statement = f"The HKD was off at the price of possible {figure}."

    assert Source(scored(PRICE)[0]).supports(statement) == supported


def test_headings_and_what_is_joined_to_a_source_count() -> None:
    joined = replace(scored(GAIT)[0], after=(IMU,))

    assert Source(joined).supports("The gyroscopes of the IMU report angular rate while walking.")
    assert not Source(scored(GAIT)[0]).supports("The gyroscopes report angular rate.")


def test_words_of_another_language_are_the_same_in_other_forms() -> None:
    german = make_chunk("Der Greifer wird vor jedem Start kalibriert.", page="Arm")
    statement = "Kalibriert werden die Greifern."

    assert Source(scored(german)[0], "german").supports(statement)


WALK = make_chunk(
    "The legged robot does not walk on loose sand at all. A wheeled robot isn't faster on stairs. "
    "Its battery lasts for hours of slow walking on grass. Cold does not harm motors; heat does."
)


@pytest.mark.parametrize(
    ("statement", "supported"),
    [
        ("The legged robot does not walk on loose sand at all", True),
        ("The legged robot does walk on loose sand at all", False),
        ("A legged robot cannot walk on loose sand.", True),
        ("A wheeled robot is faster on stairs.", False),
        ("A wheeled robot is never faster on stairs.", True),
        ("Its battery lasts for hours of slow walking on grass.", True),
        ("Its battery never lasts for hours of slow walking on grass.", False),
        ("Heat harms the motors.", True),  # too few words to tell
    ],
)
def test_a_denial_that_is_lost_or_added_is_noticed(statement: str, supported: bool) -> None:
    source = Source(scored(WALK)[0])

    assert source.supports(statement) == supported
    assert source.contradicts(statement) != supported


def test_denials_are_known_in_english_only() -> None:
    assert Source(scored(WALK)[0], "german").supports("The legged robot does walk on loose sand")


def test_what_one_sentence_says_and_another_denies_is_no_contradiction() -> None:
    both = make_chunk("The arm lifts heavy boxes fast. The arm does not lift heavy boxes fast.")

    assert Source(scored(both)[0]).supports("The arm lifts heavy boxes fast.")
