import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from api_service.chat.schemas import HISTORY_TURNS
from api_service.wire import ADDRESS_LENGTH, MESSAGE_LENGTH, SELECTION_LENGTH, TURN_LENGTH
from service_kit.logs import configure_logs
from tests.api_service.book import IMU, ingest
from tests.api_service.scripted_faults import drips
from tests.api_service.scripted_openai import (
    Scene,
    breaks_off,
    embeds,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
    sends,
)
from tests.api_service.service import make_settings, running_service

QUESTION = {"message": "What is an inertial measurement unit?"}


@pytest_asyncio.fixture(scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(tmp_path_factory.mktemp("service"))
    await ingest(settings)
    async with running_service(settings) as client:
        yield client


async def test_without_a_model_the_book_answers_in_its_own_words(http: httpx.AsyncClient) -> None:
    reply = await http.post("/v1/chat", json=QUESTION)
    body = reply.json()
    (source,) = body["sources"]

    assert reply.status_code == 200
    assert body["response"].startswith(
        "An inertial measurement unit (IMU) is a package of accelerometers and gyroscopes. [1]"
    )
    assert (body["mode"], body["retrieval"]) == ("extractive", "bm25")
    assert isinstance(body["processing_time_ms"], int)
    assert set(source) == {"n", "title", "heading_path", "url", "anchor", "snippet", "score"}
    assert source["n"] == 1
    assert source["title"] == "Sensors"
    assert source["heading_path"] == ["Sensors", "Inertial measurement units"]
    assert source["url"] == "http://localhost:3000/docs/sensors"
    assert source["anchor"] == "inertial-measurement-units"
    assert source["snippet"] == IMU.text
    assert source["score"] > 0


@pytest.mark.parametrize("message", ["zxcv qwer asdf", "what is it?", "What is a soufflé?"])
async def test_a_question_the_book_does_not_answer_is_told_so(
    http: httpx.AsyncClient, message: str
) -> None:
    body = (await http.post("/v1/chat", json={"message": message})).json()

    assert body["response"] == "The book says nothing about that."
    assert body["sources"] == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{not json", 400),
        (b'{"message": "gait"', 400),
        (b'{"message": "\\ud800"}', 400),
        (b"\xff\xfe", 400),
        (b'"gait"', 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"message": null}', 422),
        (b'{"message": 7}', 422),
        (b'{"message": ["gait"]}', 422),
        (b'{"message": ""}', 422),
        (b'{"message": " \\n "}', 422),
        (b'{"message": "ga\\u0000it"}', 422),
        (b'{"message": "ga\\u001bit"}', 422),
        (b'{"message": "ga\\u0085it"}', 422),
        (b'{"message": "%s"}' % (b"x" * 10_000), 422),
        (b'{"message": "gait", "private-words": 1}', 422),
    ],
)
async def test_a_body_that_is_no_question_is_refused_without_an_echo(
    http: httpx.AsyncClient, content: bytes, status: int
) -> None:
    reply = await http.post("/v1/chat", content=content)
    body = reply.json()

    assert reply.status_code == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert body["title"] == ("Invalid Request" if status == 400 else "Invalid Input")
    assert ("errors" in body) == (status == 422)
    assert "gait" not in reply.text
    assert "private-words" not in reply.text
    assert "xxx" not in reply.text


@pytest.mark.parametrize(
    "message", ["x" * MESSAGE_LENGTH, "one\nline\r\n\tand another", " gait ", "步态 🤖"]
)
async def test_a_message_at_the_edge_is_answered(http: httpx.AsyncClient, message: str) -> None:
    assert (await http.post("/v1/chat", json={"message": message})).status_code == 200


async def test_an_empty_index_is_said_to_be_empty(tmp_path: Path) -> None:
    async with running_service(make_settings(tmp_path)) as http:
        reply = await http.post("/v1/chat", json=QUESTION)

    assert (reply.status_code, reply.json()["title"]) == (503, "Book Missing")
    assert reply.headers["Retry-After"] == "30"


async def test_an_index_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    async with running_service(make_settings(tmp_path, qdrant_url="http://127.0.0.1:1")) as http:
        reply = await http.post("/v1/chat", json=QUESTION)

    assert (reply.status_code, reply.json()["title"]) == (503, "Index Unavailable")
    assert int(reply.headers["Retry-After"]) > 0


async def test_a_model_answers_from_numbered_sources(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("An IMU reports ", "rates [", "1]. It also sings [9].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            body = (await http.post("/v1/chat", json=QUESTION)).json()
        (asked,) = openai.asked("/chat/completions")

    assert body["response"] == "An IMU reports rates [1]. It also sings."
    assert [(each["n"], each["anchor"]) for each in body["sources"]] == [(1, IMU.anchor)]
    assert (body["mode"], body["retrieval"]) == ("generated", "hybrid")
    assert asked["model"] == "gpt-4o-mini"
    assert asked["messages"][1] == {"role": "user", "content": QUESTION["message"]}
    assert IMU.text in asked["messages"][0]["content"]


async def test_without_embeddings_the_search_goes_by_terms_and_says_so(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("It is a sensor [1].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.embeddings = refuses(500)
        async with running_service(settings) as http:
            body = (await http.post("/v1/chat", json=QUESTION)).json()

    assert (body["retrieval"], len(body["sources"])) == ("bm25", 1)


@pytest.mark.parametrize(
    "scene",
    [
        refuses(401),
        refuses(429),
        refuses(500),
        sends("{broken"),
        sends("data: {broken\n\n", "text/event-stream"),
        sends('data: {"choices": 7}\n\n', "text/event-stream"),
        sends('data: {"error": {"message": "vendor-internal-words"}}\n\n', "text/event-stream"),
        breaks_off("An IMU"),
        says("An IMU", finish=None),
        says(),
    ],
)
async def test_a_model_that_fails_is_a_problem_to_be_tried_again(
    tmp_path: Path, scene: Scene
) -> None:
    async with scripted_openai() as openai:
        openai.chat = scene
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post("/v1/chat", json=QUESTION)

    assert (reply.status_code, reply.json()["title"]) == (503, "Model Unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert "vendor" not in reply.text


async def test_an_answer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = drips(*["An IMU "] * 100, seconds=0.05)
        settings = make_settings(tmp_path, openai=openai, deadline=0.5)
        await ingest(settings)
        async with running_service(settings) as http:
            reply = await http.post("/v1/chat", json=QUESTION)
            await asyncio.wait_for(openai.abandoned.wait(), 5)

    assert (reply.status_code, reply.json()["title"]) == (503, "Deadline Exceeded")


async def test_a_caller_who_goes_away_ends_the_call_to_the_model(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says_then_hangs("An IMU")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            asking = asyncio.create_task(http.post("/v1/chat", json=QUESTION))
            await asyncio.wait_for(openai.reached.wait(), 5)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await asyncio.wait_for(openai.abandoned.wait(), 5)
            again = await http.get("/health")

    assert again.status_code == 200


async def test_embeddings_of_another_length_are_not_used(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("It is a sensor [1].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        openai.embeddings = embeds(dimensions=8)
        async with running_service(settings) as http:
            body = (await http.post("/v1/chat", json=QUESTION)).json()

    assert body["retrieval"] == "bm25"


async def test_a_reply_tells_what_it_took_and_how_it_came_about(http: httpx.AsyncClient) -> None:
    reply = await http.post("/v1/chat", json=QUESTION)
    body = reply.json()

    assert set(body) == {
        *("response", "sources", "processing_time_ms", "mode", "retrieval", "reranked"),
        *("refused", "model", "usage", "timings", "citations", "request_id"),
    }
    assert (body["refused"], body["usage"]) == (False, None)
    assert body["model"] == "extractive:sentences"
    assert set(body["timings"]) == {"retrieval_ms", "first_token_ms", "total_ms"}
    assert body["request_id"] == reply.headers["X-Request-ID"]
    assert reply.headers["Cache-Control"] == "no-store"


async def test_what_the_model_says_it_took_is_told(tmp_path: Path) -> None:
    spent = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "So [1]."}, "finish_reason": "stop"}]},
        {"choices": [], "usage": spent},
    ]
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    async with scripted_openai() as openai:
        openai.chat = sends(f"{stream}data: [DONE]\n\n", "text/event-stream")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            body = (await http.post("/v1/chat", json=QUESTION)).json()

    assert body["usage"] == {"input_tokens": 7, "output_tokens": 3}


async def test_all_sources_are_listed_on_request(http: httpx.AsyncClient) -> None:
    body = (await http.post("/v1/chat", json=QUESTION | {"considered": True})).json()

    assert len(body["considered"]) >= len(body["sources"]) == 1
    assert body["considered"][0] == body["sources"][0]


async def test_a_question_may_stand_in_the_address(http: httpx.AsyncClient) -> None:
    asked = await http.get("/v1/chat", params=QUESTION)
    posted = await http.post("/v1/chat", json=QUESTION)

    assert asked.status_code == 200
    assert asked.json()["response"] == posted.json()["response"]
    assert asked.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("message", ["", " ", "x" * (MESSAGE_LENGTH + 1), "ga\x00it"])
async def test_an_address_without_a_question_is_refused(
    http: httpx.AsyncClient, message: str
) -> None:
    reply = await http.get("/v1/chat", params={"message": message})

    assert (reply.status_code, reply.json()["title"]) == (422, "Invalid Input")
    assert reply.json()["errors"][0]["member"] == "message"
    assert reply.json()["instance"] == "/v1/chat"


async def test_what_stands_in_the_address_is_never_logged(
    http: httpx.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("api-service", "json", "DEBUG")
    await http.get("/v1/chat", params={"message": "zebraword and gait"})
    await http.get("/v1/chat", params={"message": "zebraword" * 1000})
    await http.get("/v1/chat", params={"message": "zebraword"}, headers={"Authorization": ""})
    captured = capfd.readouterr()

    assert "/v1/chat" in captured.out + captured.err
    assert "zebraword" not in captured.out + captured.err


async def test_a_question_may_come_with_what_the_reader_has_before_them(
    http: httpx.AsyncClient,
) -> None:
    reply = await http.post(
        "/v1/chat",
        json=QUESTION
        | {
            "history": [
                {"role": "user", "content": "What is a gait?"},
                {"role": "assistant", "content": ""},
            ],
            "selected_text": IMU.text,
            "page_url": "https://book.test/docs/sensors?theme=dark#lidar",
        },
    )

    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("history", [{"role": "system", "content": "gait"}]),
        ("history", [{"role": "user", "content": "gait", "name": "gait"}]),
        ("history", [{"role": "user"}]),
        ("history", [{"role": "user", "content": "x" * (TURN_LENGTH + 1)}]),
        ("history", [{"role": "user", "content": "ga\x00it"}]),
        ("history", [{"role": "user", "content": "gait"}] * (HISTORY_TURNS + 1)),
        ("history", "gait"),
        ("selected_text", "x" * (SELECTION_LENGTH + 1)),
        ("selected_text", None),
        ("page_url", "javascript:gait"),
        ("page_url", "https://book.test/a b"),
        ("page_url", "/docs\ngait"),
        ("page_url", f"/{'x' * ADDRESS_LENGTH}"),
        ("considered", "gait"),
    ],
)
async def test_what_comes_with_a_question_is_bounded(
    http: httpx.AsyncClient, member: str, value: object
) -> None:
    for path in ("/v1/chat", "/v1/chat/stream"):
        reply = await http.post(path, json=QUESTION | {member: value})
        (error,) = reply.json()["errors"]

        assert reply.status_code == 422
        assert error["member"] in ("(unknown)", member) or error["member"].startswith(f"{member}.")
        assert "gait" not in reply.text
