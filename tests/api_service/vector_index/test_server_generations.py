"""Generations on a Qdrant server: how they are led to, taken over, gone on with and swept."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from api_service.embedders.bm25 import query_terms
from api_service.problems import IndexUnavailable
from api_service.vector_index import COLLECTION, SCHEMA, IndexRefused
from api_service.vector_index.drafts import Draft
from api_service.vector_index.points import payload_of
from api_service.vector_index.server import ServerIndex
from api_service.vector_index.server_options import Options, Rhythm
from tests.api_service.qdrant_server import collections
from tests.api_service.vector_index.chunks import make_stored

QUICK = Options(rhythm=Rhythm(beat_seconds=0.05, patience_seconds=1.0))


async def aliases(server: httpx.AsyncClient) -> dict[str, str]:
    reply = (await server.get("/aliases")).json()
    return {each["alias_name"]: each["collection_name"] for each in reply["result"]["aliases"]}


async def put(server: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    (await server.put(path, json=body)).raise_for_status()


async def make_plain_collection(server: httpx.AsyncClient) -> None:
    """Make what there was when a collection had the name that is now an alias."""
    sparse = {"sparse_vectors": {"bm25": {"modifier": "idf"}}}
    dense = {"vectors": {"dense": {"size": 2, "distance": "Cosine"}}}
    await put(server, f"/collections/{COLLECTION}", sparse | dense)
    old = make_stored("camera", vector=(1.0, 0.0))
    payload = payload_of(old)
    del payload["book"]
    terms = {"indices": old.terms.indices, "values": old.terms.values}
    point = {"id": old.chunk.id, "payload": payload, "vector": {"bm25": terms, "dense": [1.0, 0]}}
    await put(server, f"/collections/{COLLECTION}/points?wait=true", {"points": [point]})


async def texts(index: ServerIndex) -> list[str]:
    found = await index.search(query_terms("camera gripper"), None, 5)
    return sorted(scored.chunk.text for scored in found.chunks)


async def test_readers_are_led_by_an_alias(server: httpx.AsyncClient) -> None:
    index = ServerIndex(str(server.base_url))
    await index.prepare(2)
    (name,) = await collections(server)
    assert await aliases(server) == {COLLECTION: name}
    config = (await server.get(f"/collections/{name}")).json()["result"]["config"]
    assert config["metadata"]["schema"] == 2
    await index.prepare(2, {"embedder": "openai:small", "chunker": "1"})
    config = (await server.get(f"/collections/{name}")).json()["result"]["config"]
    assert config["metadata"]["embedder"] == "openai:small"
    await index.close()


async def test_a_collection_of_former_times_is_read_and_then_taken_over_without_a_gap(
    server: httpx.AsyncClient,
) -> None:
    await make_plain_collection(server)
    index = ServerIndex(str(server.base_url), options=QUICK)
    another = ServerIndex(str(server.base_url), book="another")
    assert (await texts(index), await index.count()) == (["camera"], 1)
    assert (await texts(another), await another.count()) == ([], 0)
    seen: set[tuple[str, ...]] = set()
    done = asyncio.Event()

    async def read_on() -> None:
        reader = ServerIndex(str(server.base_url))
        while not done.is_set():
            seen.add(tuple(await texts(reader)))
        await reader.close()

    readers = [asyncio.create_task(read_on()) for _ in range(3)]
    draft = Draft(index)
    await draft.prepare(2)
    await draft.write([make_stored("gripper", ordinal=1, vector=(0.0, 1.0))])
    assert await draft.comparable("openai:small", 2) == 2
    await draft.hand_over()
    done.set()
    await asyncio.gather(*readers)

    assert seen <= {("camera",), ("camera", "gripper")}
    assert await texts(index) == ["camera", "gripper"]
    assert await texts(another) == []
    await index.close()
    (name,) = await collections(server)
    assert await aliases(server) == {COLLECTION: name}
    await another.close()


async def test_a_take_over_cut_short_is_read_from_and_finished_by_the_next_ingestion(
    server: httpx.AsyncClient,
) -> None:
    index = ServerIndex(str(server.base_url), options=QUICK)
    await index.prepare(2)
    await index.write([make_stored("camera", vector=(1.0, 0.0))])
    (name,) = await collections(server)
    leading = {"create_alias": {"alias_name": f"{COLLECTION}-next", "collection_name": name}}
    gone = {"delete_alias": {"alias_name": COLLECTION}}
    await server.post("/collections/aliases", json={"actions": [leading, gone]})

    reader = ServerIndex(str(server.base_url))
    assert await texts(reader) == ["camera"]
    draft = Draft(index)
    await draft.prepare(2)
    await draft.write([make_stored("gripper", ordinal=1)])
    await draft.hand_over()
    assert list(await aliases(server)) == [COLLECTION]
    assert await texts(reader) == ["camera", "gripper"]
    await index.close()
    await reader.close()


async def test_a_take_over_cut_short_before_the_old_collection_went_is_finished(
    server: httpx.AsyncClient,
) -> None:
    await make_plain_collection(server)
    index = ServerIndex(str(server.base_url), options=QUICK)
    await index.begin()
    name = await index.copy()
    leading = {"create_alias": {"alias_name": f"{COLLECTION}-next", "collection_name": name}}
    await server.post("/collections/aliases", json={"actions": [leading]})
    await index.close()

    later = ServerIndex(str(server.base_url), options=QUICK)
    draft = Draft(later)
    await draft.prepare(2)
    await draft.write([make_stored("gripper", ordinal=1)])
    await draft.hand_over()
    assert await texts(later) == ["camera", "gripper"]
    (name,) = (each for each in await collections(server) if "ingestion" not in each)
    assert await aliases(server) == {COLLECTION: name}
    await later.close()


async def test_what_was_broken_off_is_swept_but_for_a_whole_copy(
    server: httpx.AsyncClient,
) -> None:
    index = ServerIndex(str(server.base_url), options=QUICK)
    await index.prepare(2)
    await index.write([make_stored("camera", vector=(1.0, 0.0))])
    cut_short = f"{COLLECTION}-{uuid4().hex}"
    somebody_elses = f"{COLLECTION}-of-mine"
    for name in (cut_short, somebody_elses):
        await put(server, f"/collections/{name}", {"vectors": {}})
    draft = Draft(index)
    await draft.prepare(2)
    await draft.write([make_stored("gripper", ordinal=1)])
    left = set(await collections(server))
    assert cut_short not in left
    assert somebody_elses in left
    await draft.close()
    await index.close()

    after = ServerIndex(str(server.base_url), options=QUICK)
    await after.begin()
    assert await after.left_over()
    assert set(await collections(server)) >= left - {f"{COLLECTION}-ingestion-0"}
    await after.discard(await after.copy())
    assert not await after.left_over()
    await after.close()
    assert len(await collections(server)) == 2


async def test_a_copy_made_with_other_settings_is_not_gone_on_with(
    server: httpx.AsyncClient,
) -> None:
    index = ServerIndex(str(server.base_url), options=QUICK)
    await index.prepare(2)
    await index.begin()
    await index.copy()
    assert await index.left_over()
    await index.close()
    other = replace(QUICK, kept=replace(QUICK.kept, hnsw_m=32))
    changed = ServerIndex(str(server.base_url), options=other)
    assert not await changed.left_over()
    await changed.begin()
    assert len([name for name in await collections(server) if "ingestion" not in name]) == 1
    await changed.close()


async def test_an_index_of_a_newer_version_is_named_with_what_helps(
    server: httpx.AsyncClient,
) -> None:
    index = ServerIndex(str(server.base_url))
    await index.prepare(2)
    (name,) = await collections(server)
    await server.patch(f"/collections/{name}", json={"metadata": {"schema": 99}})
    await index.close()
    later = ServerIndex(str(server.base_url))
    with capture_logs() as lines:
        for call in (later.count(), later.prepare(2), later.search(query_terms("camera"), None, 5)):
            with pytest.raises(IndexUnavailable, match=r"newer version.*QDRANT_COLLECTION"):
                await call
    await later.close()
    (told,) = (line for line in lines if line["event"] == "schema_differs")
    assert (told["state"], told["found"], told["needed"]) == ("newer", 99, SCHEMA)


async def test_a_copy_another_ingestion_swept_is_not_handed_over(
    server: httpx.AsyncClient,
) -> None:
    index = ServerIndex(str(server.base_url), options=QUICK)
    await index.prepare(2)
    draft = Draft(index)
    await draft.prepare(2)
    await draft.write([make_stored("camera", vector=(1.0, 0.0))])
    # This process stood still for so long that another one took its lock over.
    await server.delete(f"/collections/{COLLECTION}-ingestion-0")
    with pytest.raises(IndexRefused, match="another one took its place"):
        await draft.hand_over()
    assert await index.count() == 0
    await index.close()
