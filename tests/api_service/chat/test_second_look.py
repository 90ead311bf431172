import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api_service.chat.second_look import SECONDS, Doubt, near_in_meaning
from api_service.circuit_breaker import FAILURES
from api_service.documents import Chunk
from api_service.resources import open_resources
from api_service.retrieval.retriever import Retriever
from tests.api_service.book import ingest, make_chunk, scored
from tests.api_service.models import MODEL, needs_model
from tests.api_service.scripted_faults import hangs
from tests.api_service.scripted_openai import (
    Scene,
    ScriptedOpenAI,
    embeds,
    refuses,
    scripted_openai,
)
from tests.api_service.service import make_settings

ANIMALS = "ant bee cat dog eel fox gnu hen ibis jay kite lark mole newt owl pig quail rat seal toad"
BOOK = tuple(
    make_chunk(f"The {name}.", page=name, heading=name)
    for name in [*ANIMALS.split(), "urial", "viper", "wasp", "yak", "zebra"]
)
OWL = next(chunk for chunk in BOOK if chunk.anchor == "owl")
FOX = next(chunk for chunk in BOOK if chunk.anchor == "fox")


@asynccontextmanager
async def searching(
    tmp_path: Path, openai: ScriptedOpenAI, chunks: Sequence[Chunk] = BOOK
) -> AsyncIterator[Retriever]:
    settings = make_settings(tmp_path, openai=openai)
    await ingest(settings, chunks)
    async with open_resources(settings) as resources:
        yield resources.retriever


async def near(retriever: Retriever, *doubts: tuple[str, Chunk]) -> list[bool]:
    return await near_in_meaning(
        [Doubt(statement, scored(chunk)[0]) for statement, chunk in doubts], retriever
    )


async def test_a_source_that_stands_out_among_the_nearest_says_so(tmp_path: Path) -> None:
    async with scripted_openai() as openai, searching(tmp_path, openai) as retriever:
        asked = len(openai.asked("/embeddings"))
        about = ("These are owls.", OWL), ("These are owls.", FOX), ("Of nothing here.", OWL)

        assert await near(retriever, *about) == [True, False, False]
        assert len(openai.asked("/embeddings")) == asked + 1


async def test_what_is_joined_to_a_source_counts(tmp_path: Path) -> None:
    async with scripted_openai() as openai, searching(tmp_path, openai) as retriever:
        joined = replace(scored(FOX)[0], after=(OWL,))

        assert await near_in_meaning([Doubt("These are owls.", joined)], retriever) == [True]


async def test_a_few_passages_tell_nothing(tmp_path: Path) -> None:
    async with scripted_openai() as openai, searching(tmp_path, openai, [OWL, FOX]) as retriever:
        assert await near(retriever, ("These are owls.", OWL)) == [False]


async def test_what_is_not_known_in_time_for_the_answer_is_not_waited_for(tmp_path: Path) -> None:
    owls = [Doubt("These are owls.", scored(OWL)[0])]
    now = asyncio.get_running_loop().time()
    async with scripted_openai() as openai, searching(tmp_path, openai) as retriever:
        assert await near_in_meaning(owls, retriever, by=now - 1) == [False]
        assert await near_in_meaning(owls, retriever, by=now + 60) == [True]


@pytest.mark.parametrize("scene", [refuses(500), hangs(3 * SECONDS), embeds(dimensions=8)])
async def test_where_nothing_can_be_compared_the_words_alone_decide(
    tmp_path: Path, scene: Scene
) -> None:
    async with scripted_openai() as openai, searching(tmp_path, openai) as retriever:
        openai.embeddings = scene

        assert await near(retriever, ("These are owls.", OWL)) == [False]


async def test_an_embedder_that_failed_again_and_again_is_left_alone(tmp_path: Path) -> None:
    async with scripted_openai() as openai, searching(tmp_path, openai) as retriever:
        openai.embeddings = refuses(401)
        openai.requests.clear()
        for _ in range(FAILURES + 2):
            assert await near(retriever, ("These are owls.", OWL)) == [False]

        assert len(openai.asked("/embeddings")) == FAILURES


async def test_without_doubts_or_an_embedder_nobody_is_asked(tmp_path: Path) -> None:
    async with scripted_openai() as openai, searching(tmp_path, openai) as retriever:
        asked = len(openai.asked("/embeddings"))

        assert await near(retriever) == []
        plain = replace(retriever, embedder=None)
        assert await near(plain, ("These are owls.", OWL)) == [False]
        assert len(openai.asked("/embeddings")) == asked


@needs_model
async def test_a_real_encoder_knows_a_paraphrase(tmp_path: Path) -> None:
    pytest.importorskip("fastembed", reason="needs the extra `local`")
    lidar = make_chunk("A lidar measures distance by timing light.", heading="Lidar")
    settings = make_settings(tmp_path).model_copy(update={"embedding_model": f"local:{MODEL}"})
    await ingest(settings, [lidar, *BOOK])
    async with open_resources(settings) as resources:
        said = "Laser range finders find how far away things are from how long a pulse travels."
        assert await near(resources.retriever, (said, lidar), (said, OWL)) == [True, False]
