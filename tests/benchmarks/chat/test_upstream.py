import asyncio
import time
from collections.abc import Iterator

import pytest
from openai import AsyncOpenAI

from benchmarks.chat.questions import abandoned, asked
from benchmarks.chat.servers import upstream
from benchmarks.chat.upstream import DIMENSIONS, Pace
from benchmarks.servers import Server

SOURCE = '<source n="1" place="Sensors > Units">\nAn IMU measures force.\n</source>'


@pytest.fixture(scope="module")
def vendor() -> Iterator[Server]:
    with upstream() as server:
        yield server


def client(vendor: Server, pace: Pace) -> AsyncOpenAI:
    return AsyncOpenAI(api_key="sk-tried", base_url=f"{vendor.url}{pace.path}", max_retries=0)


async def words(openai: AsyncOpenAI) -> tuple[list[str], int]:
    """Return the pieces of an answer, and how many tokens it is said to have."""
    stream = await openai.chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            {"role": "system", "content": f"Answer.\n{SOURCE}\n{SOURCE.replace('1', '2')}"},
            {"role": "user", "content": "What does an IMU measure?"},
        ],
        stream=True,
        stream_options={"include_usage": True},
    )
    pieces, spent = [], 0
    async for chunk in stream:
        if chunk.choices and (piece := chunk.choices[0].delta.content):
            pieces.append(piece)
        if chunk.usage:
            spent = chunk.usage.completion_tokens
    return pieces, spent


@pytest.mark.parametrize("pace", [Pace(tokens=40), Pace(token_ms=1, tokens=40)])
async def test_an_answer_has_as_many_tokens_as_its_pace_says(vendor: Server, pace: Pace) -> None:
    async with client(vendor, pace) as openai:
        pieces, spent = await words(openai)
        again, _ = await words(openai)
    assert len(pieces) == spent == 40
    assert again == pieces
    assert "".join(pieces).startswith(" An IMU measures force [1]. An IMU")


async def test_nothing_comes_sooner_than_its_pace_says(vendor: Server) -> None:
    pace = Pace(embedding_ms=60, first_ms=60, token_ms=20, tokens=4)
    async with client(vendor, pace) as openai:
        begin = time.perf_counter()
        await openai.embeddings.create(model="text-embedding-3-small", input=["one"])
        embedded = time.perf_counter()
        await words(openai)
        answered = time.perf_counter()
    assert embedded - begin >= 0.058
    assert answered - embedded >= 0.118


async def test_texts_that_share_words_have_vectors_that_are_near(vendor: Server) -> None:
    async with client(vendor, Pace()) as openai:
        reply = await openai.embeddings.create(
            model="text-embedding-3-small",
            input=["A gait is an order.", "What is a gait?", "Rain blinds lidars."],
        )
    first, near, far = (entry.embedding for entry in reply.data)
    assert len(first) == DIMENSIONS
    assert _product(first, near) > _product(first, far)


async def test_it_tells_what_it_was_asked_last_and_when_it_was_left(vendor: Server) -> None:
    before = len(await abandoned(vendor))
    async with client(vendor, Pace(token_ms=50, tokens=100)) as openai:
        stream = await openai.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Stay."}], stream=True
        )
        async for _ in stream:
            break
        left = time.monotonic()
        await stream.close()
    assert (await asked(vendor))["messages"] == [{"role": "user", "content": "Stay."}]
    times = await abandoned(vendor)
    for _ in range(500):
        if len(times) > before:
            break
        await asyncio.sleep(0.01)
        times = await abandoned(vendor)
    assert len(times) == before + 1
    assert times[-1] >= left


def _product(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
