"""Faults of a language model, as the reader meets them: status, body, Retry-After, time."""

from pathlib import Path

import pytest

from tests.api_service.beside_vendor import (
    MODEL_AWAY,
    TOO_LATE,
    Service,
    chats,
    is_problem,
    service,
)
from tests.api_service.scripted_faults import (
    breathes,
    chooses_nothing,
    cutting,
    drips,
    garbles,
    hangs,
    in_turn,
)
from tests.api_service.scripted_openai import (
    STREAM,
    Scene,
    ScriptedOpenAI,
    breaks_off,
    refuses,
    says,
    says_then_hangs,
    sends,
)

ERROR_EVENT = sends('data: {"error": {"message": "vendor-internal-words"}}\n\n', STREAM)


@pytest.mark.parametrize(
    ("scene", "retry_after", "requests", "seconds"),
    [
        pytest.param(refuses(429, headers={"Retry-After": "7"}), "7", 1, 1, id="429-for-long"),
        pytest.param(refuses(429, headers={"Retry-After": "999"}), "300", 1, 1, id="429-for-ages"),
        pytest.param(refuses(429, headers={"retry-after-ms": "1200"}), "2", 3, 4, id="429"),
        pytest.param(refuses(429, "insufficient_quota", {}), "5", 1, 1, id="no-quota"),
        pytest.param(refuses(500, headers={}), "5", 3, 3, id="500"),
        pytest.param(refuses(503, headers={"Retry-After": "20"}), "20", 1, 1, id="503"),
        pytest.param(refuses(401), "1", 1, 1, id="401"),
        pytest.param(refuses(400, "content_filter", {}), "5", 1, 1, id="400"),
        pytest.param(breaks_off(), "5", 3, 3, id="cut-before-a-word"),
        pytest.param(breaks_off("An IMU"), "5", 1, 1, id="cut-after-a-word"),
        pytest.param(garbles(), "5", 1, 1, id="malformed"),
        pytest.param(garbles("An IMU"), "5", 1, 1, id="malformed-after-a-word"),
        pytest.param(ERROR_EVENT, "5", 1, 1, id="error-event"),
        pytest.param(chooses_nothing(), "5", 1, 1, id="empty-choices"),
        pytest.param(says(), "5", 1, 1, id="no-words"),
        pytest.param(says("An IMU", finish=None), "5", 1, 1, id="no-reason-to-end"),
        pytest.param(says(finish="content_filter"), "5", 1, 1, id="filtered"),
        pytest.param(says("An", finish="content_filter"), "5", 1, 1, id="filtered-after-a-word"),
        pytest.param(sends("<html>", "text/html"), "5", 1, 1, id="a-page"),
    ],
)
async def test_a_model_that_fails_is_a_problem_that_says_when_to_come_again(
    running: Service, scene: Scene, retry_after: str, requests: int, seconds: float
) -> None:
    running.openai.chat = scene
    reply, took = await running.asked()

    assert is_problem(reply, MODEL_AWAY, retry_after)
    assert chats(running) == requests
    assert took < seconds + 1


@pytest.mark.parametrize(
    "scene",
    [hangs(), says_then_hangs(), says_then_hangs("An IMU"), breathes(), breathes("An IMU")],
    ids=["no-byte", "no-word", "in-the-middle", "comments-alone", "comments-in-the-middle"],
)
async def test_a_model_that_falls_silent_is_given_up(book: Path, scene: Scene) -> None:
    async with service(book, scene, llm_silence_ms=300) as running:
        reply, took = await running.asked()

        assert is_problem(reply, MODEL_AWAY, "5")
        assert running.openai.abandoned.is_set()
        assert chats(running) == 1
        assert 0.3 <= took < 3


async def test_an_answer_that_drips_is_given_up_at_its_deadline(book: Path) -> None:
    scene = drips(*["An IMU "] * 100, seconds=0.1)
    async with service(book, scene, chat_deadline_ms=800) as running:
        reply, took = await running.asked()

        assert is_problem(reply, TOO_LATE, "5")
        assert running.openai.abandoned.is_set()
        assert 0.8 <= took < 3


async def test_a_slow_answer_is_an_answer(running: Service) -> None:
    running.openai.chat = drips("An IMU", " [1].", seconds=0.2)
    reply, _ = await running.asked()

    assert reply.json()["response"] == "An IMU [1]."


async def test_choices_that_are_empty_here_and_there_are_none_of_the_answer(
    running: Service,
) -> None:
    running.openai.chat = chooses_nothing("An", " IMU [1].")
    reply, _ = await running.asked()

    assert reply.json()["response"] == "An IMU [1]."


@pytest.mark.parametrize(
    ("fault", "least"),
    [
        (refuses(429, headers={"Retry-After": "1"}), 1.0),
        (refuses(500, headers={}), 0.37),
        (breaks_off(), 0.37),
    ],
    ids=["429", "500", "cut"],
)
async def test_what_passes_is_asked_again_after_the_time_it_takes(
    book: Path, fault: Scene, least: float
) -> None:
    async with service(book, in_turn(fault, says("An IMU [1]."))) as running:
        reply, took = await running.asked()

        assert reply.json()["response"] == "An IMU [1]."
        assert chats(running) == 2
        assert least <= took < least + 2


async def test_a_vendor_nobody_answers_at_is_a_problem_soon(book: Path) -> None:
    async with service(book, vendor=ScriptedOpenAI(base_url="http://127.0.0.1:1/v1")) as running:
        reply, took = await running.asked()

    assert is_problem(reply, MODEL_AWAY, "5")
    assert took < 5


async def test_a_vendor_that_cuts_every_connection_is_a_problem_soon(book: Path) -> None:
    async with cutting() as vendor, service(book, vendor=vendor) as running:
        reply, took = await running.asked()

        assert is_problem(reply, MODEL_AWAY, "5")
        assert len(vendor.requests) == 2 + 3  # the embedder's and the language model's
        assert took < 5
