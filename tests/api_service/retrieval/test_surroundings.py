from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from api_service.documents import Chunk, ScoredChunk
from api_service.embedders.bm25 import query_terms
from api_service.retrieval.surroundings import with_surroundings
from api_service.token_counts import count_tokens
from api_service.vector_index import Found, VectorIndex
from api_service.vector_index.opening import open_index
from tests.api_service.book import ingest, make_chunk, scored
from tests.api_service.service import make_settings

OPENING = replace(make_chunk("Robots walk.", page="Walking"), anchor="", heading_path=("Walking",))
STEPS: Sequence[Chunk] = [
    replace(
        make_chunk(f"Step {n} of the gait.", page="Walking", heading="Gaits", ordinal=n), parent=""
    )
    for n in range(4)
]
COST = count_tokens(STEPS[0].text)


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[VectorIndex]:
    settings = make_settings(tmp_path)
    await ingest(settings, [OPENING, *STEPS])
    opened = await open_index(settings)
    yield opened
    await opened.close()


async def found(index: VectorIndex, *chunks: Chunk) -> Found:
    """Return chunks as if a search of the index had found them now."""
    searched = await index.search(query_terms("gait"), None, 1)
    return replace(searched, chunks=scored(*chunks))


async def around(index: VectorIndex, *chunks: Chunk, tokens: int = 500) -> tuple[ScoredChunk, ...]:
    return (await with_surroundings(await found(index, *chunks), index, tokens)).chunks


async def test_a_chunk_is_read_with_its_neighbours_and_the_opening_above(
    index: VectorIndex,
) -> None:
    (joined,) = await around(index, STEPS[1])

    assert (joined.chunk, joined.before, joined.after) == (
        STEPS[1],
        (OPENING, STEPS[0]),
        (STEPS[2],),
    )
    assert joined.passage == "\n\n".join(
        ["Robots walk.", *(f"Step {n} of the gait." for n in range(3))]
    )
    assert joined.section_passage == "\n\n".join(f"Step {n} of the gait." for n in range(3))


async def test_nothing_is_joined_that_was_found_and_nothing_twice(index: VectorIndex) -> None:
    first, second = await around(index, STEPS[0], STEPS[2])

    assert (first.before, first.after) == ((OPENING,), (STEPS[1],))
    assert (second.before, second.after) == ((), (STEPS[3],))


async def test_the_tokens_go_to_the_best_and_to_what_is_nearest(index: VectorIndex) -> None:
    first, second = await around(index, STEPS[1], OPENING, tokens=COST)

    assert (first.before, first.after) == ((), (STEPS[2],))
    assert (second.before, second.after) == ((), ())


@pytest.mark.parametrize("tokens", [0, COST - 1])
async def test_without_tokens_chunks_stand_alone(index: VectorIndex, tokens: int) -> None:
    alone = scored(STEPS[1])

    assert await around(index, STEPS[1], tokens=tokens) == (
        alone if not tokens else (replace(alone[0], before=(OPENING,)),)
    )


async def test_what_is_not_in_the_index_is_not_missed(index: VectorIndex) -> None:
    other = make_chunk("Elsewhere.", page="Elsewhere")

    assert await around(index, other) == scored(other)
    assert await around(index) == ()


async def test_what_another_edition_says_is_not_joined(index: VectorIndex) -> None:
    former = replace(await found(index, STEPS[1]), generation="generation-before")

    assert await with_surroundings(former, index, 500) == former
