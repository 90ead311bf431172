import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_service.documents import Chunk
from api_service.embedders.bm25 import query_terms
from api_service.retrieval.spelling import CORRECTED_WEIGHT, Spelling, with_corrections
from api_service.vector_index import VectorIndex
from api_service.vector_index.opening import open_index
from api_service.vector_index.server import ServerIndex
from tests.api_service.book import ingest
from tests.api_service.service import make_settings


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[VectorIndex]:
    settings = make_settings(tmp_path)
    await ingest(settings)
    opened = await open_index(settings)
    yield opened
    await opened.close()


async def test_questions_are_corrected_by_the_words_of_the_index(index: VectorIndex) -> None:
    spelling = Spelling(index, "english")
    assert await spelling.corrected("what are acelerometers?") == "what are accelerometers?"
    assert await spelling.corrected("what is a gait?") == "what is a gait?"
    await spelling.close()


async def test_many_questions_at_once_read_the_words_once(index: VectorIndex) -> None:
    spelling = Spelling(index, "english")
    corrected = await asyncio.gather(*(spelling.corrected("acelerometers") for _ in range(20)))
    assert set(corrected) == {"accelerometers"}
    await spelling.close()


async def test_an_index_that_is_away_leaves_the_question_as_it_is(tmp_path: Path) -> None:
    away = await open_index(make_settings(tmp_path, qdrant_url="http://127.0.0.1:1"))
    spelling = Spelling(away, "english")
    assert await spelling.corrected("acelerometers") == "acelerometers"
    assert await spelling.corrected("acelerometers") == "acelerometers"
    await spelling.close()
    await away.close()


async def test_closing_does_not_wait_for_the_words(index: VectorIndex) -> None:
    spelling = Spelling(index, "english")
    asking = asyncio.create_task(spelling.corrected("acelerometers"))
    await asyncio.sleep(0)
    await spelling.close()
    await asyncio.gather(asking, return_exceptions=True)


def test_a_corrected_term_counts_less_than_a_written_one() -> None:
    written, corrected = query_terms("gait of legz"), query_terms("gait of legs")
    merged = with_corrections(written, corrected)
    weights = dict(zip(merged.indices, merged.values, strict=True))

    (gait,), (legs,) = query_terms("gait").indices, query_terms("legs").indices
    assert (weights[gait], weights[legs]) == (1.0, CORRECTED_WEIGHT)
    assert set(merged.indices) == {*written.indices, *corrected.indices}


async def test_whatever_reading_the_words_comes_to_the_question_is_searched() -> None:
    class Odd(ServerIndex):
        async def page(self, after: str | None, limit: int) -> tuple[list[Chunk], str | None]:
            raise ValueError(after, limit)

    odd = Odd("http://127.0.0.1:1")
    spelling = Spelling(odd, "english")
    for _ in range(2):
        assert await spelling.corrected("acelerometers") == "acelerometers"
    await spelling.close()
    await odd.close()
