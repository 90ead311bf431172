import re
from collections.abc import Callable
from typing import get_args

import pytest

from api_service.embedders.bm25 import (
    IDENTIFIER,
    PHRASE_WEIGHT,
    document_terms,
    is_stop_word,
    query_terms,
    version,
    words,
)
from api_service.search_settings import Language
from tests.memory import kept_bytes


def test_a_question_and_a_text_meet_in_the_same_term_ids() -> None:
    text = document_terms("A lidar measures distances with pulses of light.")
    question = query_terms("measuring the distance")
    assert set(question.indices) < set(text.indices)


def test_words_side_by_side_count_as_a_phrase_besides() -> None:
    phrase = query_terms("light pulses")
    assert sorted(phrase.values) == [PHRASE_WEIGHT, 1.0, 1.0]
    together = set(phrase.indices) & set(document_terms("Pulses of light: light pulses.").indices)
    apart = set(phrase.indices) & set(document_terms("Pulses are not of light.").indices)
    assert together == set(phrase.indices)
    assert len(apart) == 2


def test_case_accents_and_endings_make_no_difference() -> None:
    assert query_terms("Müller's Robots") == query_terms("muller robot")


def test_the_parts_of_an_identifier_are_terms() -> None:
    assert set(query_terms("spin").indices) < set(document_terms("`rclpy.spin(node)`").indices)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("ROS_DOMAIN_ID", "Set `ROS_DOMAIN_ID` in the shell."),
        ("what does torch.compile do?", "Call `torch.compile(model)` once."),
        ("--policy.path", "lerobot-eval --policy.path=outputs"),
        ("std::vector", "It returns a std::vector<int>."),
        ("/cmd_vel", "Velocities arrive on /cmd_vel."),
        ("IL-2", "The cytokine IL-2 is released."),
    ],
)
def test_an_identifier_is_a_term_as_a_whole_too(question: str, text: str) -> None:
    asked, parts = query_terms(question), query_terms(re.sub(r"[\W_]+", " ", question))
    whole = set(asked.indices) - set(parts.indices)
    assert whole
    assert whole <= set(document_terms(text).indices)
    assert not whole & set(document_terms(re.sub(r"[\W_]+", " ", text)).indices)


def test_a_flag_is_told_from_the_word() -> None:
    (flag,) = set(query_terms("--flag").indices) - set(query_terms("flag").indices)
    assert flag in document_terms("Start it with `--flag`.").indices
    assert flag not in document_terms("A flag is raised.").indices


def test_stop_words_alone_make_no_terms() -> None:
    assert query_terms("what is the").indices == ()
    assert document_terms("") == query_terms("")


def test_a_term_weighs_more_where_it_is_repeated_and_less_in_a_longer_text() -> None:
    once, twice, longer = (
        dict(zip(terms.indices, terms.values, strict=True))
        for terms in (
            document_terms("camera arm"),
            document_terms("camera camera arm"),
            document_terms("camera arm " + " ".join(f"word{n}" for n in range(300))),
        )
    )
    (camera,) = query_terms("camera").indices
    assert once[camera] < twice[camera]
    assert longer[camera] < once[camera]


def test_term_ids_stay_the_same_so_that_a_stored_index_can_be_searched() -> None:
    assert query_terms("robot").indices == (1428662464,)


@pytest.mark.parametrize("part", ["english", "1.2", "0.75"])
def test_the_version_names_what_the_weights_depend_on(part: str) -> None:
    assert part in version()


def test_the_version_names_the_language() -> None:
    assert "english" in version()
    assert version("german") != version("french") != version()


@pytest.mark.parametrize("language", get_args(Language))
def test_every_language_has_terms(language: Language) -> None:
    assert set(query_terms("lidar 42", language).indices) <= set(
        document_terms("A lidar, 42", language).indices
    )


def test_words_are_stemmed_as_their_language_does() -> None:
    assert query_terms("Robotern", "german") == query_terms("Roboter", "german")
    assert query_terms("Robotern") != query_terms("Roboter")
    assert query_terms("der die das", "german").indices == ()


def test_without_a_language_words_stay_and_all_of_them_count() -> None:
    assert query_terms("robots", "none") != query_terms("robot", "none")
    assert len(query_terms("the", "none").indices) == 1


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("机器人学习控制理论。", "控制理论"),
        ("ロボットの学習を制御する。", "学習"),
        ("로봇이 학습을 제어한다.", "학습"),
        ("用Python写的程序", "python"),
        ("力 is a force", "力"),
    ],
)
def test_words_that_nothing_parts_are_met_in_pairs(text: str, question: str) -> None:
    asked = query_terms(question).indices
    assert asked
    assert set(asked) <= set(document_terms(text).indices)


def test_a_word_is_a_stop_word_in_its_own_language() -> None:
    assert is_stop_word("the", "english")
    assert not is_stop_word("the", "german")
    assert not is_stop_word("robot", "english")


@pytest.mark.parametrize("read", [query_terms, lambda text: is_stop_word(text, "german")])
def test_words_that_no_book_has_are_not_kept(read: Callable[[str], object]) -> None:
    def ask(numbers: range) -> None:
        for number in numbers:
            read(f"{number}" * 500)

    ask(range(10, 12))

    assert kept_bytes(lambda: ask(range(12, 62))) < 50 * 200


def test_words_are_those_the_index_takes_apart() -> None:
    assert words("A `scan_1`, 学习控制") == ["A", "scan", "1", "学习", "习控", "控制"]


@pytest.mark.timeout(
    20
)  # where a run can be read in more ways than one, it takes longer than a life
@pytest.mark.parametrize(
    "text",
    [
        f"what is a{':' * 50_000} b",
        f"a{':.' * 50_000} b",
        f"std{'::' * 50_000}",
        "a" * 100_000,
        f"{'-' * 100_000}a",
        f"{'a_' * 50_000} b",
        f"--{'a-' * 50_000} b",
    ],
    ids=lambda text: text[:12],
)
def test_a_text_of_separators_or_of_one_word_is_read_in_one_go(text: str) -> None:
    assert all(found in text for found in IDENTIFIER.findall(text))
    terms = query_terms(text)
    assert len(terms.indices) == len(terms.values)


def test_identifiers_are_found_whole_wherever_they_stand() -> None:
    text = (
        "Set ROS_DOMAIN_ID, std::vector, torch.compile, IL-2, --lr-decay, x:::y, a_-_b; not a: b."
    )
    assert IDENTIFIER.findall(text) == [
        "ROS_DOMAIN_ID",
        "std::vector",
        "torch.compile",
        "IL-2",
        "--lr-decay",
        "x:::y",
        "a_-_b",
    ]
