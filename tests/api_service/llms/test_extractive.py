import re
from dataclasses import replace

import pytest

from api_service.llms import Prompt
from api_service.llms.extractive import LENGTH, SENTENCES, ExtractiveModel, extract
from tests.api_service.book import GAIT, IMU, LIDAR, NODE, make_chunk, scored

VLA = make_chunk(
    "A Vision-Language-Action (VLA) model is a neural network that takes camera images and an "
    "instruction and outputs robot actions. It is usually built from a vision-language model. "
    "Rain is wet today in the garden.",
    page="Learning",
    heading="What is a Vision-Language-Action model?",
)
INSTANCE = make_chunk(
    "SmolVLA is a small vision-language-action model for robots. "
    "A vision-language-action model of this kind runs on one graphics card.",
    page="Zoo",
)
NEGATION = make_chunk(
    "A Vision-Language-Action model is not a language model that calls skills.", page="Not"
)


def markers(answer: str) -> list[int]:
    return [int(number) for number in re.findall(r"\[(\d+)\]", answer)]


def test_a_definition_answers_what_something_is() -> None:
    answer = extract(
        "What is a Vision-Language-Action model?", scored(INSTANCE, NEGATION, LIDAR, VLA)
    )

    assert answer.startswith("A Vision-Language-Action (VLA) model is a neural network")
    assert "robot actions. [4]" in answer
    assert "lidar" not in answer


def test_without_a_definition_an_instance_must_do() -> None:
    answer = extract("What is a vision-language-action model?", scored(GAIT, INSTANCE))

    assert answer.startswith("SmolVLA is a small vision-language-action model for robots. [2]")


def test_every_sentence_is_followed_by_the_number_of_its_source() -> None:
    answer = extract("Which gait has two beats?", scored(LIDAR, GAIT))

    assert "Trotting is a gait of two beats. [2]" in answer
    assert set(markers(answer)) == {2}
    assert len(markers(answer)) == answer.count(". [")


def test_sentences_of_a_source_keep_their_order() -> None:
    answer = extract("Why does rain blind a lidar that measures distance?", scored(LIDAR))

    assert answer == (
        "A lidar measures distance by timing light. [1] Rain and dust blind a lidar. [1]"
    )


def test_steps_are_quoted_in_a_row_with_their_numbers() -> None:
    answer = extract("How do I create a ROS 2 node?", scored(LIDAR, NODE))

    assert answer == (
        "1. Create a package with `ros2 pkg create`. [2]\n"
        "2. Write the node as a class. [2]\n"
        "3. Build the package `colcon build`. [2]"
    )


def test_steps_begin_with_the_first_though_a_later_one_is_asked_about() -> None:
    answer = extract("How do I build the package with colcon?", scored(NODE))

    assert answer.startswith("1. Create a package with `ros2 pkg create`. [1]")
    assert "3. Build the package `colcon build`. [1]" in answer


def test_of_long_steps_only_as_many_are_quoted_as_an_answer_is_long() -> None:
    steps = (f"{n}. Calibrate the arm by {'slowly ' * 30}moving joint {n}." for n in range(1, 5))
    answer = extract(
        "How do I calibrate the arm?", scored(make_chunk("\n".join(steps), page="Arm"))
    )

    assert answer.startswith("1. Calibrate the arm by slowly")
    assert markers(answer) == [1, 1]


def test_a_way_described_in_prose_is_quoted_from_its_best_sentence() -> None:
    chunk = make_chunk(
        "The history of walking is long. To calibrate the arm, move each joint to its middle. "
        "Then press the button until the light turns green.",
        page="Arm",
    )

    assert extract("How do I calibrate the arm?", scored(chunk)) == (
        "To calibrate the arm, move each joint to its middle. [1] "
        "Then press the button until the light turns green. [1]"
    )


def test_a_sentence_that_leans_on_another_does_not_stand_alone() -> None:
    chunk = make_chunk("Robots vary a lot in their size. It has a gait of four beats in a row.")

    assert "It has a gait" not in extract("Which gait has four beats?", scored(chunk))


def test_what_was_said_is_not_said_again() -> None:
    twin = make_chunk("Trotting is a gait of just two beats.", page="Twin")
    answer = extract("Which gait has two beats?", scored(GAIT, twin))

    assert answer.count("two beats") == 1


def test_code_tables_and_headings_are_not_quoted() -> None:
    chunk = make_chunk(
        "## Gait\n\n| gait | beats |\n|---|---|\n| trot | two |\n\n"
        "```python\ngait = 'trot'\n```\n\nEvery gait has a number of beats.",
    )

    assert extract("What about the gait?", scored(chunk)) == (
        "Every gait has a number of beats. [1]"
    )


def test_an_answer_is_short() -> None:
    words = "The gait number {} is the {} order of the legs of a robot called {} in the book of {}."
    names = [f"{one}{two}ax" for one in "bcdfgh" for two in "aeiou"]
    text = " ".join(words.format(n, name * 2, name, name[::-1]) for n, name in enumerate(names))
    answer = extract("Which gait is the order of the legs?", scored(make_chunk(text)))

    assert 2 <= len(markers(answer)) <= SENTENCES
    assert len(re.sub(r" \[\d+\]", "", answer)) <= LENGTH + SENTENCES


def test_one_long_sentence_may_stand_alone() -> None:
    text = f"The gait is {'very ' * 150}slow."

    assert extract("What is the gait?", scored(make_chunk(text))).endswith("slow. [1]")


@pytest.mark.parametrize(
    "question",
    ["What is it?", "What is a soufflé?", "zxcv qwer", "How do I bake bread?", "Who won the cup?"],
)
def test_what_the_sources_do_not_speak_of_is_not_answered(question: str) -> None:
    assert extract(question, scored(IMU, LIDAR, GAIT, NODE)) == ""


@pytest.mark.parametrize("text", ["", "```\ngait\n```", "It leans on a gait before it only."])
@pytest.mark.parametrize("question", ["What is a gait?", "How do I gait?", "gait"])
def test_sources_without_a_sentence_to_quote_are_survived(text: str, question: str) -> None:
    assert extract(question, scored(make_chunk(text))) in ("", f"{text} [1]")


async def test_the_model_says_what_it_is() -> None:
    model = ExtractiveModel()
    prompt = Prompt("", "What is a gait?", scored(GAIT))
    await model.check()

    assert model.mode == "extractive"
    pieces = [str(piece) async for piece in model.stream(prompt)]
    assert "".join(pieces).startswith("A gait is")
    elsewhere = Prompt("", "Who won the cup?", scored(GAIT))
    assert [piece async for piece in model.stream(elsewhere)] == []
    await model.close()


async def test_a_question_is_answered_alone_where_what_it_leans_on_is_too_much() -> None:
    question = "Which gait has two beats?"
    before = "Who invented the bicycle? Where do wombats sleep in winter? Is Rome far from Paris?"
    heap = f"{before} How long does a pumpkin take to ripen there? {question}"
    pieces = [
        str(piece)
        async for piece in ExtractiveModel().stream(Prompt("", question, scored(GAIT), heap))
    ]

    assert extract(heap, scored(GAIT)) == ""
    assert pieces == [extract(question, scored(GAIT))]


def test_a_section_is_quoted_beyond_the_chunk_that_was_found() -> None:
    next_ = make_chunk("The trot is a gait of diagonal pairs.", page="Walking", heading="Gaits")
    elsewhere = make_chunk("A pace is a gait of lateral pairs.", page="Walking", heading="Above")
    found = replace(scored(GAIT)[0], after=(next_,), before=(elsewhere,))
    answer = extract("Which gait has which pairs?", (found,))

    assert "The trot is a gait of diagonal pairs. [1]" in answer
    assert "lateral" not in answer


def test_words_of_another_language_are_the_same_in_other_forms() -> None:
    german = make_chunk("Der Greifer wird vor jedem Start kalibriert.", page="Arm")
    other = make_chunk("Die Kamera sieht der Die das Bild.", page="Auge")
    question = "Wann werden die Greifern des Starts kalibriert?"

    assert extract(question, scored(other, german), "german") == f"{german.text} [2]"
