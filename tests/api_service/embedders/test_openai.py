import json
from pathlib import Path

import pytest

from api_service import embedders
from api_service.embedders import Embedder
from api_service.embedders.openai import REQUEST_TEXTS, REQUEST_TOKENS, TEXT_TOKENS, requests
from api_service.problems import ModelUnavailable
from api_service.token_counts import count_tokens
from service_kit.settings import BadSettings
from tests.api_service.scripted_openai import (
    DIMENSIONS,
    Scene,
    ScriptedOpenAI,
    embeds,
    refuses,
    scripted_openai,
    sends,
)
from tests.api_service.service import make_settings

AWAY = ScriptedOpenAI(base_url="http://127.0.0.1:1/v1")


def embedder_of(openai: ScriptedOpenAI) -> Embedder:
    embedder = embedders.choose(make_settings(Path(), openai=openai))
    assert embedder is not None
    return embedder


async def test_each_text_has_its_vector_in_order() -> None:
    texts = ["lidar gait " * 4000 + str(number) for number in range(40)]
    async with scripted_openai() as openai:
        embedder = embedder_of(openai)
        vectors = await embedder.embed(texts)
        await embedder.close()

    sent = [len(asked["input"]) for asked in openai.asked("/embeddings")]
    assert len(sent) > 1
    assert sum(sent) == 40
    assert len(vectors) == 40
    assert embedder.dimensions == DIMENSIONS


async def test_a_vector_may_come_as_numbers_whatever_was_asked_for() -> None:
    vector = [n / 64 for n in range(DIMENSIONS)]
    reply = {"object": "list", "data": [{"index": 0, "embedding": vector}]}
    async with scripted_openai() as openai:
        openai.embeddings = sends(json.dumps(reply))
        embedder = embedder_of(openai)
        assert await embedder.embed(["lidar"]) == [vector]
        await embedder.close()
        (asked,) = openai.asked("/embeddings")

    assert asked["encoding_format"] == "base64"


def test_a_request_holds_no_more_than_the_vendor_takes() -> None:
    short = [f"lidar gait {number}" for number in range(2 * REQUEST_TEXTS + 3)]
    assert [len(some) for some in requests(short)] == [REQUEST_TEXTS, REQUEST_TEXTS, 3]
    long = ["robot " * 7000 for _ in range(100)]  # 42,000 bytes, 7,001 tokens
    cut = list(requests(long))
    assert [text for some in cut for text in some] == long
    sizes = [sum(map(count_tokens, some)) for some in cut]
    assert max(sizes) <= REQUEST_TOKENS
    assert sizes[0] > REQUEST_TOKENS - 8000
    assert list(requests([])) == []


async def test_no_text_asks_nothing() -> None:
    embedder = embedder_of(AWAY)

    assert await embedder.embed([]) == []
    await embedder.close()


async def test_a_text_longer_than_the_model_takes_is_cut() -> None:
    async with scripted_openai() as openai:
        embedder = embedder_of(openai)
        await embedder.embed(["robot " * 10_000])
        await embedder.close()
        (asked,) = openai.asked("/embeddings")

    assert count_tokens(asked["input"][0]) == TEXT_TOKENS


@pytest.mark.parametrize(
    "scene",
    [
        refuses(401),
        refuses(500),
        embeds(dimensions=8),
        sends("{broken"),
        sends("{}"),
        sends('{"object": "list", "data": []}'),
        sends('{"object": "list", "data": [{"index": 0, "embedding": 7}]}'),
        sends('{"object": "list", "data": [{"index": 0, "embedding": "AAAAAA=="}]}'),
        sends('{"object": "list", "data": [{"index": 0, "embedding": "AAA="}]}'),
    ],
)
async def test_every_failure_is_the_same_to_us(scene: Scene) -> None:
    async with scripted_openai() as openai:
        openai.embeddings = scene
        embedder = embedder_of(openai)
        with pytest.raises(ModelUnavailable):
            await embedder.embed(["lidar"])
        await embedder.close()


async def test_a_vendor_that_is_away_is_unavailable() -> None:
    embedder = embedder_of(AWAY)
    with pytest.raises(ModelUnavailable):
        await embedder.embed(["lidar"])
    await embedder.close()


async def test_the_embedder_is_chosen_by_vendor_and_name() -> None:
    settings = make_settings(Path(), openai=AWAY).model_copy(
        update={"embedding_model": "openai:some", "embedding_dimensions": 8}
    )
    embedder = embedders.choose(settings)

    assert embedder is not None
    assert (embedder.name, embedder.dimensions) == ("openai:some", 8)
    await embedder.close()


def test_without_a_key_nothing_is_embedded() -> None:
    assert embedders.choose(make_settings(Path())) is None


@pytest.mark.parametrize(
    ("model", "complaint"),
    [("acme:model", "EMBEDDING_MODEL .*'acme'.*openai"), ("unknown", "EMBEDDING_DIMENSIONS")],
)
def test_a_model_that_cannot_be_used_is_refused(model: str, complaint: str) -> None:
    settings = make_settings(Path(), openai=AWAY).model_copy(update={"embedding_model": model})
    with pytest.raises(BadSettings, match=complaint):
        embedders.choose(settings)
