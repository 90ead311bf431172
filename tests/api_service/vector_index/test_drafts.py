"""What an ingestion changes, and when readers see it, in both forms of the index."""

import asyncio

import pytest

from api_service.embedders.bm25 import query_terms
from api_service.vector_index import Embedding, LiveIndex, VectorIndex
from api_service.vector_index.drafts import Draft
from tests.api_service.vector_index.chunks import all_stored, make_stored

RIGHT = Embedding("openai:small", (1.0, 0.0))


@pytest.fixture
async def live(index: LiveIndex) -> LiveIndex:
    """Where readers are: one chunk, with a vector."""
    await index.prepare(2)
    await index.write([make_stored("camera", vector=(1.0, 0.0))])
    return index


async def texts(index: VectorIndex) -> list[str]:
    found = await index.search(query_terms("camera gripper arm"), None, 10)
    return sorted(scored.chunk.text for scored in found.chunks)


async def test_changes_that_come_at_the_same_time_go_into_one_draft(live: LiveIndex) -> None:
    draft = Draft(live)
    await draft.prepare(2)
    some = [make_stored("gripper", ordinal=place, vector=(0.0, 1.0)) for place in range(1, 6)]
    await asyncio.gather(
        draft.remove([make_stored("camera").chunk.id]), *(draft.write([one]) for one in some)
    )
    await draft.hand_over()
    assert await texts(live) == ["gripper"] * len(some)
    await draft.close()


async def test_readers_see_all_of_a_draft_at_once_when_it_is_handed_over(live: LiveIndex) -> None:
    draft = Draft(live)
    await draft.prepare(2)
    await draft.write([make_stored("gripper", ordinal=1, vector=(0.0, 1.0))])
    await draft.remove([make_stored("camera").chunk.id])
    assert (await texts(draft), await texts(live)) == (["gripper"], ["camera"])
    assert (await draft.count(), await live.count()) == (1, 1)
    await draft.hand_over()
    assert await texts(live) == ["gripper"]
    assert (await live.search(query_terms("gripper"), RIGHT, 5)).retrieval == "hybrid"
    await draft.close()


async def test_what_stays_keeps_its_vector(live: LiveIndex) -> None:
    draft = Draft(live)
    await draft.prepare(2)
    await draft.write([make_stored("gripper", ordinal=1, vector=(0.0, 1.0))])
    assert await draft.comparable("openai:small", 2) == 2
    await draft.hand_over()
    found = await live.search(query_terms("camera"), RIGHT, 1)
    assert found.chunks[0].chunk == make_stored("camera").chunk
    assert found.chunks[0].score == pytest.approx(1.0)


async def test_a_draft_thrown_away_leaves_everything_as_it_was(live: LiveIndex) -> None:
    draft = Draft(live)
    await draft.prepare(2)
    await draft.write([make_stored("gripper", ordinal=1)])
    await draft.discard()
    assert await texts(live) == ["camera"]
    assert not await live.left_over()


async def test_a_draft_left_behind_is_gone_on_with(live: LiveIndex) -> None:
    broken_off = Draft(live)
    await broken_off.prepare(2)
    await broken_off.write([make_stored("gripper", ordinal=1)])
    await broken_off.close()
    assert await texts(live) == ["camera"]
    draft = Draft(live)
    await draft.prepare(2)
    assert len(await all_stored(draft)) == 2
    await draft.hand_over()
    assert await texts(live) == ["camera", "gripper"]


async def test_vectors_of_another_length_change_nothing_until_they_are_handed_over(
    live: LiveIndex,
) -> None:
    draft = Draft(live)
    await draft.prepare(3)
    assert [stored.fingerprint for stored in (await all_stored(draft)).values()] == [""]
    assert await live.comparable("openai:small", 2) == 1
    await draft.write([make_stored("camera", vector=(1.0, 0.0, 0.0))])
    await draft.hand_over()
    assert await live.comparable("openai:small", 3) == 1


async def test_neighbours_of_what_was_found_are_of_the_same_generation_or_none(
    live: LiveIndex,
) -> None:
    camera = make_stored("camera").chunk
    found = await live.search(query_terms("camera"), RIGHT, 5)
    unknown = "00000000-0000-0000-0000-000000000000"
    neighbours = await live.chunks([camera.id, unknown], found.generation)
    assert neighbours == {camera.id: camera}
    assert await live.chunks([], found.generation) == {}
    draft = Draft(live)
    await draft.prepare(2)
    await draft.write([make_stored("the camera of another edition", vector=(1.0, 0.0))])
    assert (
        len(
            await draft.chunks(
                [camera.id], (await draft.search(query_terms("camera"), None, 5)).generation
            )
        )
        == 1
    )
    await draft.hand_over()
    later = await live.search(query_terms("camera"), RIGHT, 5)
    assert later.generation != found.generation
    assert (await live.chunks([camera.id], later.generation))[camera.id].text.endswith("edition")
    assert await live.chunks([camera.id], found.generation) == {}


async def test_searches_go_on_while_drafts_take_the_place_of_the_index(live: LiveIndex) -> None:
    done = asyncio.Event()
    seen: set[tuple[str, ...]] = set()

    async def search_on() -> None:
        while not done.is_set():
            found = await live.search(query_terms("edition camera"), RIGHT, 5)
            seen.add(tuple(scored.chunk.text for scored in found.chunks))

    readers = [asyncio.create_task(search_on()) for _ in range(4)]
    for edition in range(3):
        draft = Draft(live)
        await draft.prepare(2)
        await draft.remove(list(await all_stored(draft)))
        await draft.write(
            [
                make_stored(f"edition {edition}", ordinal=10 * edition + place, vector=(1.0, 0.0))
                for place in range(3)
            ]
        )
        await draft.hand_over()
        await draft.close()
    done.set()
    await asyncio.gather(*readers)
    assert seen <= {("camera",), *((f"edition {edition}",) * 3 for edition in range(3))}
    assert await texts(live) == []
