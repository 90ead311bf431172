"""What holds for the index, be it a Qdrant server or Qdrant's engine in this process."""

import math
from uuid import uuid4

import pytest

from api_service.embedders.bm25 import query_terms
from api_service.vector_index import (
    Embedding,
    SparseVector,
    StoredChunk,
    VectorIndex,
)
from api_service.vector_index.convex import fuse
from api_service.vector_index.points import CANDIDATES
from tests.api_service.vector_index.chunks import all_stored, make_stored

NO_TERMS = SparseVector((), ())


async def test_an_index_never_written_to_is_empty(index: VectorIndex) -> None:
    assert await index.count() == 0
    assert await all_stored(index) == {}
    found = await index.search(query_terms("lidar"), Embedding("openai:small", (1.0, 0.0)), 5)
    assert found.chunks == ()
    assert found.retrieval == "bm25"


async def test_preparing_twice_changes_nothing(index: VectorIndex) -> None:
    await index.prepare(2)
    await index.write([make_stored("Lidar measures distance.", vector=(1.0, 0.0))])
    await index.prepare(2)
    assert [stored.fingerprint for stored in (await all_stored(index)).values()] == ["1"]


async def test_a_chunk_comes_back_as_it_was_written(index: VectorIndex) -> None:
    await index.prepare(None)
    written = make_stored("A lidar sends **pulses** of light: `scan = [1, 2]` ↯ \N{SNOWMAN}")
    await index.write([written])
    found = await index.search(query_terms("pulses"), None, 5)
    assert [scored.chunk for scored in found.chunks] == [written.chunk]
    assert await all_stored(index) == {written.chunk.id: StoredChunk("sensors.md", "1")}


async def test_a_chunk_written_again_replaces_the_former_one(index: VectorIndex) -> None:
    await index.prepare(None)
    await index.write([make_stored("Cameras see."), make_stored("Lidar ranges.", ordinal=1)])
    await index.write([make_stored("Microphones hear.", fingerprint="2")])
    assert await index.count() == 2
    assert (await index.search(query_terms("cameras"), None, 5)).chunks == ()
    assert len((await index.search(query_terms("microphones"), None, 5)).chunks) == 1


async def test_removed_chunks_are_gone_and_unknown_ids_are_ignored(index: VectorIndex) -> None:
    await index.prepare(None)
    first, second = make_stored("Cameras see."), make_stored("Lidar ranges.", ordinal=1)
    await index.write([first, second])
    await index.remove([first.chunk.id, str(uuid4())])
    assert set(await all_stored(index)) == {second.chunk.id}
    assert (await index.search(query_terms("cameras"), None, 5)).chunks == ()


async def test_writing_and_removing_nothing_is_nothing(index: VectorIndex) -> None:
    await index.prepare(None)
    await index.write([])
    await index.remove([])
    assert await index.count() == 0


async def test_a_rare_term_weighs_more_than_a_common_one(index: VectorIndex) -> None:
    await index.prepare(None)
    await index.write(
        [make_stored("robot arm", ordinal=place) for place in range(20)]
        + [make_stored("robot gripper", ordinal=20)]
    )
    found = await index.search(query_terms("robot gripper"), None, 3)
    assert found.chunks[0].chunk.text == "robot gripper"
    assert found.chunks[0].score > 2 * found.chunks[1].score
    assert len(found.chunks) == 3


THREE = (
    make_stored("gripper gripper", vector=(0.0, 1.0), ordinal=0),
    make_stored("gripper of a long and heavy arm", vector=(1.0, 0.0), ordinal=1),
    make_stored("camera", vector=(0.9, 0.1), ordinal=2),
)
RIGHT = Embedding("openai:small", (1.0, 0.0))


async def test_two_rankings_can_be_fused_by_reciprocal_rank(index: VectorIndex) -> None:
    await index.prepare(2)
    await index.write(THREE)
    found = await index.search(query_terms("gripper"), RIGHT, 5, "rrf")
    assert found.retrieval == "hybrid"
    # Second by terms and first by nearness; first and third; second by nearness alone.
    assert [scored.chunk.ordinal for scored in found.chunks] == [1, 0, 2]
    assert [scored.score for scored in found.chunks] == pytest.approx(
        [1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 62], rel=1e-4
    )


async def test_two_rankings_can_be_fused_by_the_distributions_of_their_scores(
    index: VectorIndex,
) -> None:
    await index.prepare(2)
    await index.write(THREE)
    found = await index.search(query_terms("gripper"), RIGHT, 5, "dbsf")
    assert found.retrieval == "hybrid"
    assert [scored.chunk.ordinal for scored in found.chunks] == [1, 0, 2]


async def test_two_rankings_are_fused_by_both_scores_of_every_chunk(index: VectorIndex) -> None:
    await index.prepare(2)
    await index.write(THREE)
    by_terms = await index.search(query_terms("gripper"), None, 5)
    found = await index.search(query_terms("gripper"), RIGHT, 5)
    assert found.retrieval == "hybrid"
    terms = {scored.chunk.ordinal: scored.score for scored in by_terms.chunks}
    nearness = {0: 0.0, 1: 1.0, 2: 0.9 / math.hypot(0.9, 0.1)}
    assert {scored.chunk.ordinal: scored.score for scored in found.chunks} == pytest.approx(
        dict(fuse(terms, nearness, 5)), rel=1e-4
    )
    assert [scored.chunk.ordinal for scored in found.chunks] == [1, 0, 2]


async def test_a_chunk_deep_in_one_ranking_still_has_both_its_scores(index: VectorIndex) -> None:
    await index.prepare(2)
    crowd = [
        make_stored("gripper " * (1 + n % 2), vector=(0.5, 0.5), ordinal=n)
        for n in range(2 * CANDIDATES)
    ]
    longer = "gripper of a long and heavy arm that no other page speaks of"
    await index.write([*crowd, make_stored(longer, vector=(1.0, 0.0), ordinal=len(crowd))])
    by_terms = await index.search(query_terms("gripper"), None, len(crowd) + 1)
    assert by_terms.chunks[-1].chunk.text == longer
    # As deep as the crowd, the ranking by terms does not reach the longer one.
    found = await index.search(query_terms("gripper"), RIGHT, len(crowd))
    terms = {scored.chunk.ordinal: scored.score for scored in by_terms.chunks}
    nearness = dict.fromkeys(range(len(crowd)), math.sqrt(0.5)) | {len(crowd): 1.0}
    fused = dict(fuse(terms, nearness, len(crowd) + 1))
    scores = {scored.chunk.ordinal: scored.score for scored in found.chunks}
    assert scores == pytest.approx({ordinal: fused[ordinal] for ordinal in scores}, rel=1e-4)
    assert len(crowd) in scores


async def test_an_identifier_as_a_whole_is_found_before_its_parts(index: VectorIndex) -> None:
    await index.prepare(None)
    await index.write(
        [
            make_stored("The domain of ROS, and its id. " * 3, ordinal=0),
            make_stored("Set `ROS_DOMAIN_ID` in the shell, then start.", ordinal=1),
            make_stored("Cameras see.", ordinal=2),
        ]
    )
    found = await index.search(query_terms("what does ROS_DOMAIN_ID do?"), None, 3)
    assert [scored.chunk.ordinal for scored in found.chunks] == [1, 0]


async def test_a_question_of_stop_words_is_searched_by_nearness_alone(index: VectorIndex) -> None:
    await index.prepare(2)
    await index.write([make_stored("camera", vector=(1.0, 0.0))])
    found = await index.search(NO_TERMS, Embedding("openai:small", (1.0, 0.0)), 5)
    assert found.retrieval == "dense"
    assert found.chunks[0].score == pytest.approx(1.0)
    assert (await index.search(NO_TERMS, None, 5)).chunks == ()


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(Embedding("openai:large", (1.0, 0.0)), id="another embedder"),
        pytest.param(Embedding("openai:small", (1.0, 0.0, 0.0)), id="another length"),
    ],
)
async def test_vectors_that_cannot_be_compared_take_no_part_and_the_search_says_so(
    index: VectorIndex, asked: Embedding
) -> None:
    await index.prepare(2)
    await index.write([make_stored("camera", vector=(1.0, 0.0)), make_stored("arm", ordinal=1)])
    found = await index.search(query_terms("camera"), asked, 5)
    assert found == await index.search(query_terms("camera"), None, 5)
    assert found.retrieval == "bm25"
    assert (await index.search(NO_TERMS, asked, 5)).chunks == ()


async def test_without_any_stored_vector_the_search_says_that_terms_alone_were_compared(
    index: VectorIndex,
) -> None:
    await index.prepare(None)
    await index.write([make_stored("camera")])
    found = await index.search(query_terms("camera"), Embedding("openai:small", (1.0, 0.0)), 5)
    assert found.retrieval == "bm25"
    assert [scored.chunk.text for scored in found.chunks] == ["camera"]


async def test_vectors_can_be_added_to_an_index_that_had_none(index: VectorIndex) -> None:
    await index.prepare(None)
    await index.write([make_stored("camera")])
    await index.prepare(2)
    await index.write([make_stored("camera", vector=(1.0, 0.0))])
    found = await index.search(query_terms("camera"), Embedding("openai:small", (1.0, 0.0)), 5)
    assert found.retrieval == "hybrid"


async def test_vectors_of_another_length_are_dropped_and_their_chunks_count_as_changed(
    index: VectorIndex,
) -> None:
    await index.prepare(2)
    await index.write([make_stored("camera", vector=(1.0, 0.0))])
    await index.prepare(3)
    assert [stored.fingerprint for stored in (await all_stored(index)).values()] == [""]
    before = await index.search(query_terms("camera"), Embedding("openai:small", (1.0, 0.0)), 5)
    assert before.retrieval == "bm25"
    await index.write([make_stored("camera", vector=(1.0, 0.0, 0.0))])
    after = await index.search(query_terms("camera"), Embedding("openai:small", (1.0, 0.0, 0.0)), 5)
    assert after.retrieval == "hybrid"


async def test_chunks_are_had_by_their_ids(index: VectorIndex) -> None:
    assert await index.chunks([make_stored("arm").chunk.id], "") == {}
    await index.prepare(None)
    first, second = make_stored("camera"), make_stored("arm", ordinal=1)
    await index.write([first, second])
    here = (await index.search(query_terms("arm"), None, 1)).generation
    known = await index.chunks([second.chunk.id, str(uuid4())], here)
    assert known == {second.chunk.id: second.chunk}
    assert await index.chunks([], here) == {}


async def test_chunks_are_had_page_by_page_each_once(index: VectorIndex) -> None:
    assert await index.page(None, 2) == ([], None)
    await index.prepare(None)
    await index.write([make_stored("arm", ordinal=place) for place in range(5)])
    read: list[int] = []
    after: str | None = None
    sizes: list[int] = []
    while not sizes or after is not None:
        chunks, after = await index.page(after, 2)
        sizes.append(len(chunks))
        read += [chunk.ordinal for chunk in chunks]
    assert sizes == [2, 2, 1]
    assert sorted(read) == [0, 1, 2, 3, 4]


async def test_every_chunk_is_listed_when_there_are_many(index: VectorIndex) -> None:
    await index.prepare(None)
    await index.write([make_stored("arm", ordinal=place) for place in range(1001)])
    assert await index.count() == 1001
    assert len(await all_stored(index)) == 1001
