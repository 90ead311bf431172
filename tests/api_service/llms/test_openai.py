import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from api_service.llms import LanguageModel, Prompt, Usage, choose
from api_service.problems import ModelUnavailable
from tests.api_service.book import GAIT, scored
from tests.api_service.scripted_openai import (
    Scene,
    ScriptedOpenAI,
    breaks_off,
    chunk,
    refuses,
    says,
    scripted_openai,
    sends,
)
from tests.api_service.service import make_settings

PROMPT = Prompt("Answer from these sources.", "What is a gait?", scored(GAIT))


def model_of(openai: ScriptedOpenAI, name: str = "gpt-4o-mini") -> LanguageModel:
    return choose(make_settings(Path(), openai=openai, llm_model=name))


async def test_the_answer_arrives_in_pieces() -> None:
    async with scripted_openai() as openai:
        openai.chat = says("One ", "two.")
        model = model_of(openai)
        pieces = [piece async for piece in model.stream(PROMPT)]
        await model.close()
        (asked,) = openai.asked("/chat/completions")

    assert pieces == ["One ", "two."]
    assert asked["stream"] is True
    assert asked["max_completion_tokens"] > 0
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]


async def test_what_it_took_comes_at_the_end() -> None:
    async with scripted_openai() as openai:
        openai.chat = says("One ", "two.", usage=(7, 2))
        model = model_of(openai)
        pieces = [piece async for piece in model.stream(PROMPT)]
        await model.close()

    assert pieces == ["One ", "two.", Usage(7, 2)]


async def test_of_a_server_that_tells_as_it_goes_what_it_took_the_last_word_counts() -> None:
    events = [
        chunk(
            choices=[{"index": 0, "delta": {"content": piece}, "finish_reason": finish}],
            usage={"prompt_tokens": 7, "completion_tokens": said},
        )
        for said, (piece, finish) in enumerate([("One ", None), ("two.", None), ("", "stop")])
    ]
    async with scripted_openai() as openai:
        openai.chat = sends("".join([*events, "data: [DONE]\n\n"]), "text/event-stream")
        model = model_of(openai)
        pieces = [piece async for piece in model.stream(PROMPT)]
        await model.close()

    assert pieces == ["One ", "two.", Usage(7, 2)]


async def test_an_answer_cut_at_its_longest_is_still_an_answer() -> None:
    async with scripted_openai() as openai:
        openai.chat = says("One two", finish="length")
        model = model_of(openai)
        pieces = [piece async for piece in model.stream(PROMPT)]
        await model.close()

    assert pieces == ["One two"]


@pytest.mark.parametrize(
    "scene",
    [
        refuses(400),
        refuses(401),
        refuses(403),
        refuses(404),
        refuses(429),
        refuses(503),
        sends("<html>", "text/html"),
        sends("data: []\n\n", "text/event-stream"),
        sends(
            'data: {"choices": [{"delta": {"content": ["One"]}, "finish_reason": "stop"}]}\n\n',
            "text/event-stream",
        ),
        breaks_off("One "),
        says("One ", finish=None),
        says(finish="content_filter"),
    ],
)
async def test_every_failure_is_the_same_to_us(scene: Scene) -> None:
    async with scripted_openai() as openai:
        openai.chat = scene
        model = model_of(openai)
        with pytest.raises(ModelUnavailable):
            [piece async for piece in model.stream(PROMPT)]
        await model.close()


async def test_a_model_that_knows_one_temperature_alone_is_not_told_another_twice() -> None:
    async def thinking(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        if "temperature" in body:
            scene = refuses(400, "unsupported_value", param="temperature")
        else:
            scene = says("One.")
        return await scene(openai, body)

    async def answered(model: LanguageModel) -> list[object]:
        return [piece async for piece in model.stream(PROMPT)]

    async with scripted_openai() as openai:
        openai.chat = thinking
        model = model_of(openai)
        at_once = await asyncio.gather(answered(model), answered(model))
        later = await answered(model)
        await model.close()
        told = ["temperature" in body for body in openai.asked("/chat/completions")]

    assert [*at_once, later] == [["One."]] * 3
    assert (sum(told), told[-1]) == (2, False)


async def test_a_vendor_that_is_away_is_unavailable() -> None:
    model = model_of(ScriptedOpenAI(base_url="http://127.0.0.1:1/v1"))
    with pytest.raises(ModelUnavailable):
        [piece async for piece in model.stream(PROMPT)]
    with pytest.raises(ModelUnavailable):
        await model.check()
    await model.close()


async def test_a_sign_of_life_is_remembered_and_costs_nothing() -> None:
    async with scripted_openai() as openai:
        model = model_of(openai)
        await model.check()
        openai.models = refuses(500)
        await model.check()
        await model.close()

    assert [path for path, _ in openai.requests] == ["/models"]


async def test_an_answer_is_a_sign_of_life() -> None:
    async with scripted_openai() as openai:
        model = model_of(openai)
        assert [piece async for piece in model.stream(PROMPT)]
        await model.check()
        await model.close()

    assert openai.asked("/models") == []


async def test_a_refused_check_is_asked_again() -> None:
    async with scripted_openai() as openai:
        openai.models = refuses(401)
        model = model_of(openai)
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await model.check()
        await model.close()

    assert len(openai.asked("/models")) == 2
