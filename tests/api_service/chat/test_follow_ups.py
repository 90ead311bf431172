from pathlib import Path

import pytest

from api_service import llms
from api_service.chat.follow_ups import (
    EARLIER_WEIGHT,
    LAST_WEIGHT,
    LENGTH,
    Rewritten,
    besides,
    leans,
    rewritten,
    standalone,
)
from api_service.chat.question import Turn
from api_service.llms import Prompt, Usage
from api_service.retrieval.context import Beside
from tests.api_service.scripted_openai import Scene, breaks_off, refuses, says, scripted_openai
from tests.api_service.service import make_settings

HISTORY = (
    Turn("user", "What is a lidar?"),
    Turn("assistant", "It measures distance by light."),
    Turn("user", "How far does it see?"),
    Turn("assistant", "A hundred metres."),
)


@pytest.mark.parametrize(
    "message",
    [
        "How far does it see?",
        "What are its drawbacks?",
        "And indoors, in a hall without any light at all?",
        "what about rain and dust and snow and fog",
        "Which one is better for a walking robot outdoors?",
        "the drawbacks",
        "Why?",
        "I mean the ones for cars and trucks on roads",
        "Can you explain this in simpler words for a beginner?",
        "tell me more about the rotating mirror inside",
    ],
)
def test_a_question_that_points_back_or_says_hardly_anything_leans(message: str) -> None:
    assert leans(message, "english")


@pytest.mark.parametrize(
    "message",
    [
        "What is a gait?",
        "Define odometry",
        "How do I calibrate a stereo camera for a mobile robot?",
        "Which sensors measure the distance to an obstacle?",
        "Does the robot know that the floor has a slope before falling?",
    ],
)
def test_a_question_that_says_what_it_is_about_stands_alone(message: str) -> None:
    assert not leans(message, "english")
    assert standalone(message, HISTORY, "english") == message


def test_a_question_that_leans_is_put_after_those_back_to_one_that_stands_alone() -> None:
    earlier = (Turn("user", "What is a gait?"), Turn("assistant", "An order."), *HISTORY)

    assert standalone("And its price?", earlier, "english") == (
        "What is a lidar? How far does it see? And its price?"
    )


def test_a_question_about_a_passage_leans_on_the_passage() -> None:
    assert standalone("Explain this", HISTORY, "english", "A gait is an order.") == (
        "A gait is an order. Explain this"
    )
    assert standalone("What is a gait?", (), "english", "A passage.") == "What is a gait?"


def test_without_a_conversation_a_question_stays_as_it_is() -> None:
    assert standalone("And its price?", (), "english") == "And its price?"
    assert besides(()) == ()


def test_the_latest_question_counts_most_and_no_answer_counts() -> None:
    first = Turn("user", "What is a gait?")

    assert besides((first, *HISTORY)) == (
        Beside("How far does it see?", LAST_WEIGHT),
        Beside("What is a lidar?", EARLIER_WEIGHT),
        Beside("What is a gait?", EARLIER_WEIGHT / 2),
    )


async def put_by(scene: Scene, tmp_path: Path) -> Rewritten:
    async with scripted_openai() as openai:
        openai.chat = scene
        model = llms.choose(make_settings(tmp_path, openai=openai))
        try:
            put = await rewritten(Prompt("instructions", "And its price?", ()), model)
        finally:
            await model.close()
        (body, *_) = openai.asked("/chat/completions")
    assert [each["content"] for each in body["messages"]] == ["instructions", "And its price?"]
    return put


@pytest.mark.parametrize(
    ("said", "put"),
    [
        (("What does", " a lidar cost?"), "What does a lidar cost?"),
        ((' "What does a\nlidar cost?"\n',), "What does a lidar cost?"),
        (("And its price?",), "And its price?"),
        (("long " * LENGTH,), "And its price?"),
        (("long ",) * LENGTH, "And its price?"),
        (("''",), "And its price?"),
    ],
)
async def test_a_model_puts_a_question_so_that_it_stands_alone(
    said: tuple[str, ...], put: str, tmp_path: Path
) -> None:
    assert (await put_by(says(*said), tmp_path)).text == put


@pytest.mark.parametrize("scene", [refuses(500), breaks_off("What does"), says()])
async def test_a_model_that_fails_leaves_the_question_as_it_is(
    scene: Scene, tmp_path: Path
) -> None:
    assert await put_by(scene, tmp_path) == Rewritten("And its price?")


def test_what_two_calls_took_is_added_up() -> None:
    assert Usage(3, 1) + Usage(40, 20) == Usage(43, 21)
