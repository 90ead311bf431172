from dataclasses import replace

import pytest

from api_service.documents import Chunk
from api_service.retrieval.naming import first, named_in
from tests.api_service.book import GAIT, LIDAR, make_chunk, scored


def named(question: str) -> bool:
    return bool(named_in(question, "english"))


@pytest.mark.parametrize(
    "question",
    [
        "what does ROS_DOMAIN_ID do?",
        "torch.compile",
        "when do I pass --policy.path?",
        "std::vector",
        "publish on /cmd_vel",
        'where is "joint limits" explained?',
        "\u201cjoint limits\u201d",
        "\u201ejoint limits\u201c",
        "\u00abjoint limits\u00bb",
        "what does `spin` do?",
    ],
)
def test_identifiers_and_quoted_words_are_named(question: str) -> None:
    assert named(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is a gait?",
        "a follow-up of the state-of-the-art",
        "yes and/or no, i.e. either",
        "3.5 volts in the U.S. since 2020-21",
        'an empty "" quotation',
        "a 5'6\" robot",
    ],
)
def test_words_that_are_merely_joined_are_not(question: str) -> None:
    assert not named(question)


@pytest.mark.timeout(20)  # where each reads on to the end, it takes minutes
@pytest.mark.parametrize("opening", ["\u201c", "\u201e", "\u00ab", "\u300c", '"', "`"])
def test_quotation_marks_without_an_end_are_read_in_one_go(opening: str) -> None:
    assert not named(f"{opening * 100_001}a")


def test_a_chunk_holds_what_is_named_whatever_its_case_and_punctuation() -> None:
    asked = named_in('`ros_domain_id` and "Joint limits"', "english")

    assert asked.held_by(make_chunk("Set ROS_DOMAIN_ID. The *joint limits* are 3.")) == 2 + 1
    assert asked.held_by(make_chunk("The limits of a joint.")) == 0
    assert asked.held_by(make_chunk("Text.", heading="Joint limits")) == 1
    assert asked.held_by(make_chunk("The joint limitsthat")) == 0


def test_chunks_that_hold_a_name_come_first_and_their_scores_say_so() -> None:
    asked = named_in("does lidar need ROS_DOMAIN_ID?", "english")
    holding = make_chunk("Set ROS_DOMAIN_ID.", heading="Shell")
    ordered = first(asked, scored(LIDAR, holding, GAIT), [])

    assert [each.chunk for each in ordered] == [holding, LIDAR, GAIT]
    assert [each.score for each in ordered] == sorted((e.score for e in ordered), reverse=True)


def test_what_only_its_name_found_comes_after_the_ranked_that_hold_it() -> None:
    asked = named_in("ROS_DOMAIN_ID", "english")
    high, deep = (make_chunk("ROS_DOMAIN_ID", heading=heading) for heading in ("High", "Deep"))
    ordered = first(asked, scored(LIDAR, high), scored(deep, high, GAIT))

    assert [each.chunk for each in ordered] == [high, deep, LIDAR]


def test_names_are_found_where_the_question_found_nothing() -> None:
    asked = named_in("ROS_DOMAIN_ID", "english")
    holding: Chunk = replace(LIDAR, text="ROS_DOMAIN_ID")

    assert [each.chunk for each in first(asked, [], scored(holding))] == [holding]
