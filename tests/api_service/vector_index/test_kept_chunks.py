"""Chunks that are kept in memory are never other than those that are stored."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from api_service.documents import Chunk
from api_service.embedders.bm25 import query_terms
from api_service.vector_index import Embedding, engine
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.kept_chunks import MOST, KeptChunks
from tests.api_service.vector_index.chunks import make_stored

CAMERA = make_stored("A camera counts photons.", vector=(1.0, 0.0))
LIDAR = make_stored("A lidar measures time.", vector=(0.0, 1.0), ordinal=1)


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EmbeddedIndex]:
    opened = await EmbeddedIndex.open(tmp_path / "index")
    await opened.prepare(2)
    await opened.write([CAMERA])
    yield opened
    await opened.close()


async def found(index: EmbeddedIndex) -> list[Chunk]:
    """Return what a search by words and meaning finds, and reads by their ids."""
    embedding = Embedding("openai:small", (1.0, 0.0))
    searched = await index.search(query_terms("camera"), embedding, 3)
    assert searched.retrieval == "hybrid"
    return [scored.chunk for scored in searched.chunks]


async def test_a_chunk_that_is_written_anew_is_read_anew(index: EmbeddedIndex) -> None:
    assert await found(index) == [CAMERA.chunk]
    changed = replace(CAMERA, chunk=replace(CAMERA.chunk, text="A camera has a lens."))
    await index.write([changed])

    assert await found(index) == [changed.chunk]


async def test_a_chunk_that_was_not_there_is_found_once_it_is(index: EmbeddedIndex) -> None:
    generation = (await index.search(query_terms("camera"), None, 1)).generation
    assert await index.chunks({LIDAR.chunk.id}, generation) == {}
    await index.write([LIDAR])

    assert await index.chunks({LIDAR.chunk.id}, generation) == {LIDAR.chunk.id: LIDAR.chunk}
    assert await found(index) == [CAMERA.chunk, LIDAR.chunk]


async def test_a_chunk_that_is_removed_is_gone(index: EmbeddedIndex) -> None:
    await index.write([LIDAR])
    assert await found(index) == [CAMERA.chunk, LIDAR.chunk]
    await index.remove({CAMERA.chunk.id})

    assert await found(index) == [LIDAR.chunk]


async def test_another_generation_has_its_own(index: EmbeddedIndex) -> None:
    assert await found(index) == [CAMERA.chunk]
    name = await index.copy()
    copy = await index.opened(name)
    changed = replace(CAMERA, chunk=replace(CAMERA.chunk, text="A camera has a lens."))
    await copy.write([changed])
    await copy.close()

    assert await found(index) == [CAMERA.chunk]
    await index.adopt(name)
    assert await found(index) == [changed.chunk]


def test_beyond_the_most_all_are_read_anew(tmp_path: Path) -> None:
    shard = engine.create(tmp_path / "shard")
    without_vector = replace(CAMERA, embedding=None)
    engine.write(shard, [without_vector])
    kept = KeptChunks(shard)
    for _ in range(3):
        missing = [str(uuid4()) for _ in range(MOST)]
        assert kept.of([CAMERA.chunk.id, *missing]) == {CAMERA.chunk.id: CAMERA.chunk}
        assert kept.of([CAMERA.chunk.id]) == {CAMERA.chunk.id: CAMERA.chunk}
    engine.close(shard)
