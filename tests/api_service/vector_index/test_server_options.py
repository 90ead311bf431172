"""That settings of a Qdrant server reach the requests to it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from api_service.embedders.bm25 import query_terms
from api_service.settings import BookSettings
from api_service.vector_index import Embedding, SparseVector
from api_service.vector_index.drafts import Draft
from api_service.vector_index.opening import open_index
from tests.api_service.recording_proxy import Recording, recording_proxy
from tests.api_service.vector_index.chunks import all_stored, make_stored

RIGHT = Embedding("openai:small", (1.0, 0.0))
NO_TERMS = SparseVector((), ())
CHANGED = {"QDRANT_HNSW_M": "32"}


async def asked(server_url: str, collection: str, **settings: object) -> Recording:
    """Ingest a chunk and search it in every way; return what the server was asked."""
    async with recording_proxy(server_url) as recording:
        index = await open_index(
            BookSettings.model_validate(
                {"QDRANT_URL": recording.url, "QDRANT_COLLECTION": collection, **settings}
            )
        )
        draft = Draft(index)
        await draft.prepare(2)
        one = make_stored("camera", vector=(1.0, 0.0))
        await draft.write([replace(one, chunk=replace(one.chunk, book=index.book))])
        await draft.hand_over()
        for terms, embedding in (
            (query_terms("camera"), RIGHT),
            (query_terms("camera"), None),
            (NO_TERMS, RIGHT),
        ):
            for fusion in ("convex", "dbsf", "rrf"):
                found = await index.search(terms, embedding, 5, fusion)
                assert [scored.chunk.text for scored in found.chunks] == ["camera"]
        assert await index.count() == 1
        assert await index.comparable("openai:small", 2) == 1
        assert len(await all_stored(index)) == 1
        await draft.close()
        await index.close()
    return recording


def made(recording: Recording) -> dict[str, Any]:
    """Return what the first generation was made with."""
    return next(body for body in recording.bodies("PUT", "") if "sparse_vectors" in body)


def searches(recording: Recording) -> Iterator[dict[str, Any]]:
    """Give every search and every ranking a search is made of, but for the mere look-ups."""

    def walk(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "query" in one and isinstance(one.get("using"), str):
            yield one
        for inner in one.get("prefetch") or []:
            yield from walk(inner)

    for batch in recording.bodies("POST", "/points/query/batch"):
        for one in batch["searches"]:
            yield from walk(one)


async def test_without_settings_the_server_decides(server_url: str) -> None:
    recording = await asked(server_url, "plain")
    body = made(recording)
    assert body["vectors"] == {"dense": {"size": 2, "distance": "Cosine"}}
    assert body["sparse_vectors"] == {"bm25": {"modifier": "idf"}}
    for member in ("shard_number", "replication_factor", "write_consistency_factor"):
        assert body.get(member) is None
    for member in ("hnsw_config", "quantization_config", "on_disk_payload"):
        assert body.get(member) is None
    assert not any(
        (one.get("params") or {}).get("quantization") or (one.get("params") or {}).get("hnsw_ef")
        for one in searches(recording)
    )


async def test_what_a_collection_is_made_with_reaches_the_server(server_url: str) -> None:
    recording = await asked(
        server_url,
        "large",
        QDRANT_SHARD_NUMBER="6",
        QDRANT_REPLICATION_FACTOR="2",
        QDRANT_WRITE_CONSISTENCY="2",
        QDRANT_QUANTIZATION="scalar",
        QDRANT_VECTORS_ON_DISK="on",
        QDRANT_PAYLOAD_ON_DISK="on",
        QDRANT_HNSW_M="32",
        QDRANT_HNSW_EF_CONSTRUCT="256",
    )
    body = made(recording)
    assert body["shard_number"] == 6
    assert body["replication_factor"] == 2
    assert body["write_consistency_factor"] == 2
    assert body["on_disk_payload"] is True
    assert body["vectors"]["dense"]["on_disk"] is True
    assert body["hnsw_config"] == {"m": 32, "ef_construct": 256}
    scalar = {"type": "int8", "quantile": 0.99, "always_ram": True}
    assert body["quantization_config"] == {"scalar": scalar}


async def test_binary_quantization_reaches_the_server(server_url: str) -> None:
    recording = await asked(server_url, "binary", QDRANT_QUANTIZATION="binary")
    assert made(recording)["quantization_config"] == {"binary": {"always_ram": True}}


async def test_what_a_search_is_sent_with_reaches_every_search_by_meaning(
    server_url: str,
) -> None:
    recording = await asked(
        server_url,
        "searched",
        QDRANT_QUANTIZATION="binary",
        QDRANT_OVERSAMPLING="3",
        QDRANT_HNSW_EF="256",
    )
    near = [one for one in searches(recording) if one["using"] == "dense"]
    assert len(near) > 5
    for one in near:
        assert one["params"]["hnsw_ef"] == 256
        assert one["params"]["quantization"] == {
            "rescore": True,
            "oversampling": 3.0,
        }


async def test_every_request_is_bound_to_the_book(server_url: str) -> None:
    recording = await asked(server_url, "bound", BOOK="arms", QDRANT_QUANTIZATION="none")
    of_book = {"key": "book", "match": {"value": "arms"}}
    asked_for = [
        *searches(recording),
        *recording.bodies("POST", "/points/count"),
        *(
            body
            for method, path, body in recording.requests
            if (method, path.endswith("/points/scroll")) == ("POST", True)
            and not body.get("with_vector")  # a copy takes every book along
            and "-ingestion-" not in path  # a lock is for all books
        ),
    ]
    assert len(asked_for) > 15
    unbound = [one for one in asked_for if of_book not in one["filter"]["must"]]
    assert unbound == []
    by_terms = [one for one in searches(recording) if one["using"] == "bm25"]
    assert all(of_book in one["params"]["idf"]["corpus"]["must"] for one in by_terms)


async def test_filtered_members_are_indexed_and_the_book_as_a_tenant(server_url: str) -> None:
    recording = await asked(server_url, "indexed")
    indexed = {
        body["field_name"]: body["field_schema"] for body in recording.bodies("PUT", "/index")
    }
    assert indexed == {"book": {"type": "keyword", "is_tenant": True}, "embedder": "keyword"}


async def test_a_changed_setting_makes_a_new_generation_with_the_next_ingestion(
    server_url: str,
) -> None:
    await asked(server_url, "changed")
    for settings, expected in (({}, True), ({"QDRANT_HNSW_EF": "64"}, True), (CHANGED, False)):
        values = {"QDRANT_URL": server_url, "QDRANT_COLLECTION": "changed", **settings}
        index = await open_index(BookSettings.model_validate(values))
        assert await index.fits(2) == expected
        await index.close()
    changed = await asked(server_url, "changed", **CHANGED)
    assert made(changed)["hnsw_config"] == {"m": 32}


async def test_a_vector_of_another_length_stays_on_disk(server_url: str) -> None:
    async with recording_proxy(server_url) as recording:
        settings = BookSettings.model_validate(
            {
                "QDRANT_URL": recording.url,
                "QDRANT_COLLECTION": "lengths",
                "QDRANT_VECTORS_ON_DISK": "on",
            }
        )
        index = await open_index(settings)
        await index.prepare(2)
        await index.prepare(3)
        await index.close()
    assert {"vectors": {"dense": {"on_disk": True}}} in recording.bodies("PATCH", "")
