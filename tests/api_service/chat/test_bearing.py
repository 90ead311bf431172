"""How answers bear the faults of others: without embeddings, by others, or left alone."""

import asyncio
from pathlib import Path

import pytest

from api_service.circuit_breaker import FAILURES, OPEN_SECONDS
from tests.api_service.beside_vendor import (
    MODEL_AWAY,
    QUESTION,
    Service,
    chats,
    is_problem,
    service,
)
from tests.api_service.left_behind import SECONDS, nothing_left_behind, until
from tests.api_service.scripted_faults import (
    breathes,
    by_model,
    garbles,
    hangs,
    in_turn,
)
from tests.api_service.scripted_openai import (
    Scene,
    breaks_off,
    embeds,
    refuses,
    says,
    says_then_hangs,
    sends,
)


@pytest.mark.parametrize(
    ("scene", "requests"),
    [
        pytest.param(refuses(429, headers={"Retry-After": "7"}), 1, id="429-for-long"),
        pytest.param(refuses(429, headers={"retry-after-ms": "300"}), 2, id="429"),
        pytest.param(refuses(500, headers={}), 2, id="500"),
        pytest.param(refuses(401), 1, id="401"),
        pytest.param(hangs(), 1, id="no-byte"),
        pytest.param(embeds(dimensions=8), 1, id="wrong-dimension"),
        pytest.param(sends("{broken"), 1, id="malformed"),
        pytest.param(sends('{"object": "list", "data": []}'), 1, id="no-vectors"),
        pytest.param(sends("<html>", "text/html"), 1, id="a-page"),
    ],
)
async def test_without_embeddings_terms_alone_are_searched_and_the_reply_says_so(
    running: Service, scene: Scene, requests: int
) -> None:
    running.openai.embeddings = scene
    reply, took = await running.asked()

    assert reply.status_code == 200
    assert (reply.json()["retrieval"], reply.json()["mode"]) == ("bm25", "generated")
    assert len(running.openai.asked("/embeddings")) == requests
    assert took < 3  # a sixth of the deadline for the vector, and then the answer


async def test_an_embedder_that_is_asked_again_may_have_come_back(running: Service) -> None:
    running.openai.embeddings = in_turn(refuses(500, headers={}), embeds())
    reply, _ = await running.asked()

    assert reply.json()["retrieval"] == "hybrid"


async def test_an_embedder_that_failed_again_and_again_is_left_alone(book: Path) -> None:
    async with service(book, embeddings=refuses(401)) as running:
        for _ in range(FAILURES + 1):
            await running.asked()
        reply, _ = await running.asked()

        assert (reply.status_code, reply.json()["retrieval"]) == (200, "bm25")
        assert len(running.openai.asked("/embeddings")) == FAILURES


async def test_a_model_that_failed_again_and_again_is_left_alone(book: Path) -> None:
    async with service(book, refuses(401, headers={})) as running:
        for _ in range(FAILURES + 1):
            await running.asked()
        reply, took = await running.asked()

        assert is_problem(reply, MODEL_AWAY, reply.headers["Retry-After"])
        assert 1 <= int(reply.headers["Retry-After"]) <= OPEN_SECONDS
        assert chats(running) == FAILURES
        assert took < 1


async def test_a_question_that_a_filter_refuses_closes_the_service_to_nobody(book: Path) -> None:
    async with service(book, says(finish="content_filter")) as running:
        for _ in range(FAILURES + 2):
            await running.asked()
        running.openai.chat = says("It is a sensor [1].")
        reply, _ = await running.asked()

    assert reply.status_code == 200


@pytest.mark.parametrize(
    "scene",
    [refuses(500, headers={}), refuses(401), hangs(), garbles(), breaks_off(), breathes()],
    ids=["500", "401", "no-byte", "malformed", "cut", "comments-alone"],
)
async def test_the_book_answers_itself_where_no_model_does(book: Path, scene: Scene) -> None:
    async with service(book, scene, fallback="extractive", llm_silence_ms=2000) as running:
        reply, took = await running.asked()
        ready = await running.http.get("/ready")
    body = reply.json()

    assert reply.status_code == 200
    assert (body["mode"], body["retrieval"]) == ("extractive", "hybrid")
    assert body["response"].startswith("An inertial measurement unit (IMU) is a package")
    assert body["sources"]
    assert took < 4
    assert ready.status_code == 200


async def test_nobody_goes_on_with_a_sentence_that_a_model_began(book: Path) -> None:
    async with service(book, breaks_off("An IMU"), fallback="extractive") as running:
        reply, _ = await running.asked()

    assert is_problem(reply, MODEL_AWAY, "5")


async def test_the_next_model_answers_where_the_first_does_not(book: Path) -> None:
    scene = by_model({"first": hangs(), "second": refuses(404), "third": says("An IMU [1].")})
    models = ("first", "second", "third")
    async with service(book, scene, llm_model=models, llm_silence_ms=300) as running:
        reply, took = await running.asked(models=3)

        asked = [body["model"] for body in running.openai.asked("/chat/completions")]
    assert reply.json()["response"] == "An IMU [1]."
    assert reply.json()["mode"] == "generated"
    assert asked == ["first", "second", "third"]
    assert took < 3


@pytest.mark.parametrize(
    ("chat", "embeddings"),
    [
        pytest.param(hangs(), None, id="before-a-byte"),
        pytest.param(says_then_hangs("An IMU"), None, id="in-the-middle"),
        pytest.param(breathes("An IMU"), None, id="between-comments"),
        pytest.param(None, hangs(), id="while-embedding"),
    ],
)
async def test_a_reader_who_leaves_ends_the_work_within_a_second(
    book: Path, chat: Scene | None, embeddings: Scene | None
) -> None:
    async with service(book, chat, embeddings=embeddings) as running:
        openai = running.openai
        async with nothing_left_behind(openai):
            asking = asyncio.create_task(running.http.post("/v1/chat", json=QUESTION))
            await until(lambda: openai.under_way > 0)
            await asyncio.sleep(0.1)
            asking.cancel()
            async with asyncio.timeout(SECONDS):
                await openai.abandoned.wait()
            await asyncio.gather(asking, return_exceptions=True)
        openai.chat, openai.embeddings = says("It is a sensor [1]."), embeds()
        reply, _ = await running.asked()

    assert reply.status_code == 200


async def test_a_reader_who_leaves_during_a_pause_is_not_asked_for_again(book: Path) -> None:
    async with service(book, refuses(429, headers={"Retry-After": "1"})) as running:
        async with nothing_left_behind(running.openai):
            asking = asyncio.create_task(running.http.post("/v1/chat", json=QUESTION))
            await until(lambda: chats(running) == 1)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await asyncio.sleep(1.2)

        assert chats(running) == 1


async def test_a_follow_up_is_put_anew_by_no_book(book: Path) -> None:
    history = [
        {"role": "user", "content": "What is a lidar?"},
        {"role": "assistant", "content": "It measures distance [1]."},
    ]
    follow_up = {"message": "What blinds it?", "history": history}
    async with service(book, refuses(401), fallback="extractive") as running:
        reply = await running.http.post("/v1/chat", json=follow_up)
    body = reply.json()

    assert body["mode"] == "extractive"
    assert [each["anchor"] for each in body["sources"]][:1] == ["lidar"]
