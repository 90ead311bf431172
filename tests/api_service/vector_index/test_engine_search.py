import math
from pathlib import Path

import pytest

from api_service.embedders.bm25 import query_terms
from api_service.vector_index import Embedding, SparseVector, convex
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.points import CANDIDATES
from tests.api_service.vector_index.chunks import make_stored

CHUNKS = 3 * CANDIDATES


@pytest.mark.parametrize("every", [1, 4], ids=["all hold a term", "a quarter does"])
async def test_every_candidate_of_either_ranking_is_scored_by_both(
    tmp_path: Path, every: int
) -> None:
    index = await EmbeddedIndex.open(tmp_path / "index")
    await index.prepare(2)
    await index.write(
        [
            make_stored(
                ("lidar " if place % every == 0 else "") + f"range {'filler ' * place}",
                vector=(math.cos(place * 2.4), math.sin(place * 2.4)),
                ordinal=place,
            )
            for place in range(CHUNKS)
        ]
    )
    terms, embedding = query_terms("lidar"), Embedding("openai:small", (1.0, 0.0))
    by_terms = await index.search(terms, None, CHUNKS)
    by_nearness = await index.search(SparseVector((), ()), embedding, CHUNKS)
    scores = [{one.chunk.id: one.score for one in by.chunks} for by in (by_terms, by_nearness)]
    candidates = {id_ for each in scores for id_ in list(each)[:CANDIDATES]}
    known = [{id_: each[id_] for id_ in each if id_ in candidates} for each in scores]
    assert CANDIDATES < len(candidates) < 2 * CANDIDATES

    found = await index.search(terms, embedding, CANDIDATES)

    fused = dict(convex.fuse(known[0], known[1], CANDIDATES))
    assert {one.chunk.id: one.score for one in found.chunks} == pytest.approx(fused)
    await index.close()
