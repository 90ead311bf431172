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
