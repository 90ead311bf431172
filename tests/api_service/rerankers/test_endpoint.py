import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from api_service import rerankers
from api_service.problems import ModelUnavailable
from api_service.rerankers import Reranker
from tests.api_service.scripted_reranker import (
    Scene,
    ScriptedReranker,
    hangs,
    ranks,
    ranks_texts,
    scripted_reranker,
    sends,
    sends_bytes,
)
from tests.api_service.service import make_settings

PASSAGES = ("A camera sees.", "A lidar measures distances by light.", "A lidar.")


@asynccontextmanager
async def asking(
    scene: Scene, *, model: str | None = None, key: str | None = None, seconds: float = 5.0
) -> AsyncIterator[tuple[Reranker, ScriptedReranker]]:
    async with scripted_reranker() as scripted:
        scripted.scene = scene
        settings = make_settings(Path()).model_copy(
            update={
                "reranker": scripted.url,
                "reranker_model": model,
                "reranker_api_key": SecretStr(key) if key else None,
                "reranker_seconds": seconds,
            }
        )
        chosen = rerankers.choose(settings)
        assert chosen
        yield chosen, scripted
        await chosen.close()


@pytest.mark.parametrize("scene", [ranks(), ranks("data"), ranks_texts])
async def test_scores_come_in_the_order_of_the_passages(scene: Scene) -> None:
    async with asking(scene) as (reranker, _):
        for _ in range(2):
            camera, long, short = await reranker.rerank("what is a lidar?", PASSAGES)
            assert camera < long < short


async def test_the_form_an_endpoint_takes_is_tried_once() -> None:
    async with asking(ranks_texts) as (reranker, scripted):
        await reranker.rerank("lidar", PASSAGES)
        await reranker.rerank("lidar", PASSAGES)
        assert ["texts" in body for body in scripted.requests] == [False, True, True]


async def test_question_model_and_key_are_sent() -> None:
    async with asking(ranks(), model="rerank-3", key="secret") as (reranker, scripted):
        await reranker.rerank("lidar", PASSAGES)
        assert scripted.requests == [
            {"model": "rerank-3", "query": "lidar", "documents": list(PASSAGES)}
        ]
        assert scripted.keys == ["Bearer secret"]


async def test_without_a_key_none_is_sent() -> None:
    async with asking(ranks()) as (reranker, scripted):
        await reranker.rerank("lidar", PASSAGES)
        assert scripted.keys == [None]
        assert "model" not in scripted.requests[0]


@pytest.mark.parametrize(
    "scene",
    [
        sends({"detail": "no"}, 500),
        sends({"detail": "no"}, 422),
        sends({"detail": "no"}, 401),
        sends({"detail": "moved"}, 307),
        sends({}),
        sends("text"),
        sends({"results": [{"index": 0, "relevance_score": 1}]}),
        sends({"results": [{"index": 0, "relevance_score": "high"}] * 3}),
        sends({"results": [{"place": 0}]}),
        sends([1, 2, 3]),
        sends({"results": [{"index": place, "relevance_score": 1} for place in (1, 2, 3)]}),
        sends({"results": [{"index": place, "relevance_score": 1} for place in (0, 1, -1)]}),
        *(
            sends_bytes(
                b'[{"index": 0, "score": %b}, {"index": 1, "score": 2}, {"index": 2, "score": 3}]'
                % score
            )
            for score in (b"NaN", b"Infinity", b"-1e999", b"9" * 500, b"9" * 5000)
        ),
        sends_bytes(b"[" * 100_000),
        sends_bytes(b'[{"index": 0, "score": 1}]' + b" " * 2_000_000),
        sends_bytes(b"\xff"),
        hangs,
    ],
)
async def test_any_other_answer_means_there_is_none(scene: Scene) -> None:
    async with asking(scene, seconds=0.3) as (reranker, _):
        with pytest.raises(ModelUnavailable):
            await reranker.rerank("lidar", PASSAGES)


async def test_an_endpoint_that_is_away_is_not_waited_for() -> None:
    settings = make_settings(Path()).model_copy(update={"reranker": "http://127.0.0.1:1/rerank"})
    chosen = rerankers.choose(settings)
    assert chosen
    async with asyncio.timeout(5):
        with pytest.raises(ModelUnavailable):
            await chosen.rerank("lidar", PASSAGES)
    await chosen.close()
