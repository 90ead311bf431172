import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import pytest

from api_service import embedders
from api_service.documents import Chunk
from api_service.problems import BookMissing, IndexUnavailable
from api_service.retrieval.retriever import PER_SECTION, retrieve
from api_service.vector_index import DEFAULT_FUSION, Found, Fusion
from api_service.vector_index.opening import open_index
from tests.api_service.book import BOOK, ingest, make_chunk
from tests.api_service.scripted_openai import ScriptedOpenAI, refuses, scripted_openai
from tests.api_service.service import make_settings


@asynccontextmanager
async def scripted(data_dir: Path) -> AsyncIterator[ScriptedOpenAI]:
    async with scripted_openai() as openai:
        await ingest(make_settings(data_dir, openai=openai))
        openai.requests.clear()
        yield openai


async def found(
    question: str,
    data_dir: Path,
    *,
    openai: ScriptedOpenAI | None = None,
    limit: int = 5,
    fusion: Fusion = DEFAULT_FUSION,
) -> Found:
    settings = make_settings(data_dir, openai=openai)
    embedder = embedders.choose(settings)
    index = await open_index(settings)
    try:
        return await retrieve(question, index=index, embedder=embedder, limit=limit, fusion=fusion)
    finally:
        await index.close()
        if embedder:
            await embedder.close()


async def book_of(chunks: Sequence[Chunk], data_dir: Path) -> None:
    await ingest(make_settings(data_dir), chunks)


async def test_the_chunk_that_shares_most_words_comes_first(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)
    result = await found("In which order do the legs touch the ground?", tmp_path)

    assert result.chunks[0].chunk.anchor == "gaits"
    assert result.retrieval == "bm25"


@pytest.mark.parametrize("fusion", get_args(Fusion))
@pytest.mark.parametrize("embedded", [True, False], ids=["hybrid", "by terms"])
async def test_what_names_the_identifier_comes_before_what_is_merely_near(
    tmp_path: Path, fusion: Fusion, *, embedded: bool
) -> None:
    near = [make_chunk("The domain of ROS, and its id. " * 3, heading=f"Id {n}") for n in range(6)]
    named = make_chunk("Before any of these scripts, `export ROS_DOMAIN_ID=7`.", heading="Shell")
    async with scripted_openai() as openai:
        vendor = openai if embedded else None
        await ingest(make_settings(tmp_path, openai=vendor), [*near, named])
        result = await found(
            "what does ros_domain_id do for the domain of ROS?",
            tmp_path,
            openai=vendor,
            fusion=fusion,
        )

    assert result.retrieval == ("hybrid" if embedded else "bm25")
    assert result.chunks[0].chunk.anchor == "shell"
    assert len(result.chunks) == 5


async def test_no_section_crowds_out_the_others(tmp_path: Path) -> None:
    crowd = [make_chunk(f"The gait number {n}.", ordinal=n) for n in range(6)]
    await book_of([*crowd, make_chunk("A gait among many other words.", page="Other")], tmp_path)
    result = await found("gait", tmp_path)

    sections = [each.chunk.title for each in result.chunks]
    assert sections.count("Sensors") == PER_SECTION
    assert "Other" in sections


async def test_there_are_no_more_chunks_than_asked_for(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)
    result = await found("lidar gait axes node", tmp_path, limit=2)

    assert len(result.chunks) == 2


async def test_words_that_are_nowhere_find_nothing(tmp_path: Path) -> None:
    await book_of(BOOK, tmp_path)

    assert (await found("zxcv", tmp_path)).chunks == ()
    assert (await found("what is it", tmp_path)).chunks == ()


async def test_an_embedder_makes_the_search_hybrid(tmp_path: Path) -> None:
    async with scripted(tmp_path) as openai:
        result = await found("lidar", tmp_path, openai=openai)

        assert (result.retrieval, result.chunks[0].chunk.anchor) == ("hybrid", "lidar")
        assert openai.asked("/embeddings")[0]["input"] == ["lidar"]


async def test_an_embedder_that_fails_leaves_the_terms(tmp_path: Path) -> None:
    async with scripted(tmp_path) as openai:
        openai.embeddings = refuses(429)
        result = await found("lidar", tmp_path, openai=openai)

    assert (result.retrieval, result.chunks[0].chunk.anchor) == ("bm25", "lidar")


async def test_an_index_without_chunks_holds_no_book(tmp_path: Path) -> None:
    with pytest.raises(BookMissing):
        await found("lidar", tmp_path)


async def test_an_index_that_is_away_is_not_waited_for(tmp_path: Path) -> None:
    index = await open_index(make_settings(tmp_path, qdrant_url="http://127.0.0.1:1"))
    async with asyncio.timeout(10):
        with pytest.raises(IndexUnavailable):
            await retrieve("lidar", index=index, embedder=None, limit=5)
    await index.close()
