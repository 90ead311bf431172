"""A command killed at any moment: the book stays whole for readers, and the next run finishes."""

import asyncio
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from api_service.ingestion.writing import BATCH_CHUNKS
from api_service.vector_index import VectorIndex
from tests.api_service.ingestion.embeddings import Embeddings, embeddings_model
from tests.api_service.ingestion.test_main import (
    Place,
    ingest,
    listening_service,
    make_book,
    start_before,
    using,
)

KILLS = 4
PAGES = BATCH_CHUNKS + 60


@pytest.fixture
async def vendor() -> AsyncIterator[Embeddings]:
    async with embeddings_model() as model:
        yield model


def moments() -> Iterator[float]:
    """Yield when to kill, in seconds from the start: another time in every run of the test."""
    draw = random.Random()  # noqa: S311 - any moment
    while True:
        yield draw.uniform(0.4, 2.5)


@pytest.mark.parametrize("with_service", [False, True])
async def test_killed_anywhere_the_next_run_finishes_and_pays_once(
    tmp_path: Path, vendor: Embeddings, *, with_service: bool
) -> None:
    place, index = Place(tmp_path, {}), None
    if with_service:
        async with listening_service(tmp_path) as index:
            await _kill_and_finish(Place(tmp_path, {}, index), tmp_path, vendor, index)
    else:
        await _kill_and_finish(place, tmp_path, vendor, index)


async def _kill_and_finish(
    place: Place, folder: Path, vendor: Embeddings, index: VectorIndex | None
) -> None:
    environment = {**place.environment, **using(vendor)}
    book = folder / "book"
    old = {f"page{number}": f"# Page {number}\n\nBlue {number}.\n" for number in range(PAGES)}
    status, _, _ = await ingest(folder, make_book(book, **old), **environment)
    assert status == 0
    vendor.texts.clear()
    new = {name: text.replace("Blue", "Red") for name, text in old.items()}
    make_book(book, **new)
    for moment in zip(range(KILLS), moments(), strict=False):
        with start_before(subprocess.DEVNULL, folder, book, **environment) as process:
            await asyncio.sleep(moment[1])
            process.send_signal(signal.SIGKILL)
        if index:  # readers have the one book or the other, never some of both
            assert len({text.split()[0] for text in await _texts(index)}) == 1
            assert await index.count() == PAGES
    status, said, complained = await ingest(folder, book, **environment)
    assert status == 0, complained
    assert f"{PAGES} chunks" in said
    async with place.index() as finished:
        assert await finished.count() == PAGES
        assert {text.split()[0] for text in await _texts(finished)} == {"Red"}
    # Only what was under way when it was killed may have been paid for twice.
    assert PAGES <= len(vendor.texts) <= PAGES * (1 + KILLS)
    before = len(vendor.texts)
    status, said, _ = await ingest(folder, book, **environment)
    assert (status, "Written 0, removed 0" in said) == (0, True)
    assert len(vendor.texts) == before


async def _texts(index: VectorIndex) -> list[str]:
    from api_service.embedders.bm25 import query_terms

    found = await index.search(query_terms("blue red"), None, 1000)
    return [scored.chunk.text for scored in found.chunks]
