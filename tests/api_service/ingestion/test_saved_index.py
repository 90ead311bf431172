"""The index in a file and back, in both of its forms."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api_service.ingestion.handover import serve_handover, socket_path
from api_service.ingestion.saved_index import load, save
from api_service.settings import BookSettings
from api_service.vector_index import Embedding, IndexedChunk, IndexRefused, LiveIndex
from api_service.vector_index.drafts import Draft
from api_service.vector_index.opening import open_index
from tests.api_service.qdrant_server import collections
from tests.api_service.vector_index.chunks import make_stored

STORED = [
    make_stored(f"the lidar of robot {n} measures distance", vector=(0.6, 0.8), ordinal=n)
    for n in range(600)
]


def settings_of(folder: Path, qdrant_url: str | None, book: str = "book") -> BookSettings:
    return BookSettings.model_validate({"DATA_DIR": folder, "QDRANT_URL": qdrant_url, "BOOK": book})


@pytest.fixture(params=["embedded", "server"])
async def settings(request: pytest.FixtureRequest, tmp_path: Path) -> BookSettings:
    """Where an index is, empty at first."""
    url: str | None = None
    if request.param == "server":
        url = request.getfixturevalue("server_url")
        async with httpx.AsyncClient(base_url=url) as client:
            for name in await collections(client):
                await client.delete(f"/collections/{name}")
    return settings_of(tmp_path / "data", url)


async def write(settings: BookSettings, chunks: list[IndexedChunk]) -> None:
    """Have readers search these, as an ingestion does."""
    live = await open_index(settings)
    draft = Draft(live)
    try:
        dimensions = next((len(one.embedding.vector) for one in chunks if one.embedding), None)
        await draft.prepare(dimensions)
        await draft.write(chunks)
        await draft.hand_over()
    finally:
        await draft.close()
        await live.close()


async def saved(settings: BookSettings) -> bytes:
    lines = io.BytesIO()
    await save(settings, lines)
    return lines.getvalue()


def chunks_in(file: bytes) -> list[object]:
    return sorted((json.loads(line) for line in file.splitlines()[1:]), key=str)


@pytest.fixture
def elsewhere(tmp_path: Path) -> BookSettings:
    """An embedded index on another machine."""
    return settings_of(tmp_path / "elsewhere", None)


async def test_what_was_saved_is_there_again_with_its_vectors(
    settings: BookSettings, elsewhere: BookSettings
) -> None:
    await write(settings, STORED)
    file = await saved(settings)
    assert await load(elsewhere, io.BytesIO(file)) == len(STORED)
    assert chunks_in(await saved(elsewhere)) == chunks_in(file)
    index = await open_index(elsewhere)
    found = await index.search(STORED[7].terms, Embedding("openai:small", (0.6, 0.8)), 3)
    await index.close()
    assert found.retrieval == "hybrid"
    assert found.chunks[0].chunk.text == STORED[7].chunk.text


async def test_an_index_comes_to_hold_what_the_file_holds_and_nothing_else(
    settings: BookSettings,
) -> None:
    await write(settings, STORED[:3])
    file = await saved(settings)
    await write(settings, [make_stored("grippers grip", ordinal=9999)])
    assert await load(settings, io.BytesIO(file)) == 3
    assert chunks_in(await saved(settings)) == chunks_in(file)


async def test_chunks_without_vectors_and_an_empty_index_are_saved_too(
    settings: BookSettings, elsewhere: BookSettings
) -> None:
    assert chunks_in(await saved(settings)) == [{"chunks": 0}]
    await write(settings, [make_stored("a servo turns")])
    file = await saved(settings)
    assert await load(elsewhere, io.BytesIO(file)) == 1
    assert chunks_in(await saved(elsewhere)) == chunks_in(file)


async def test_an_index_that_a_service_has_open_is_saved_and_loaded(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data", None)
    await write(settings, STORED[:3])
    index = await open_index(settings)
    async with serve_handover(index, socket_path(settings)):
        file = await saved(settings)
        await load(settings, io.BytesIO(file.replace(b"lidar", b"radar")))
        assert await texts(index) == {
            one.chunk.text.replace("lidar", "radar") for one in STORED[:3]
        }
    await index.close()


async def test_what_a_broken_off_ingestion_has_written_is_not_saved(settings: BookSettings) -> None:
    await write(settings, STORED[:3])
    live = await open_index(settings)
    draft = Draft(live)
    await draft.prepare(2)
    await draft.write([make_stored("half a book", ordinal=9999)])
    await draft.close()
    await live.close()
    assert len(chunks_in(await saved(settings))) == 3 + 1


@pytest.mark.parametrize("harm", ["cut", "line", "count", "empty", "format", "book", "words"])
async def test_a_file_that_is_not_whole_changes_nothing_readers_see(
    tmp_path: Path, harm: str
) -> None:
    settings = settings_of(tmp_path / "data", None)
    await write(settings, STORED[:3])
    file = await saved(settings)
    first, *chunks, last = file.splitlines(keepends=True)
    harmed = {
        "cut": [first, *chunks],
        "line": [first, chunks[0].replace(b'"terms"', b'"turns"'), *chunks[1:], last],
        "count": [first, *chunks[1:], last],
        "empty": [],
        "format": [first.replace(b'"format": 1', b'"format": 2'), *chunks, last],
        "book": [first.replace(b'"book": "book"', b'"book": "another"'), *chunks, last],
        "words": [b"not json\n"],
    }[harm]
    with pytest.raises(IndexRefused):
        await load(settings, io.BytesIO(b"".join(harmed)))
    assert chunks_in(await saved(settings)) == chunks_in(file)


async def texts(index: LiveIndex) -> set[str]:
    found, _ = await index.page(None, 100)
    return {chunk.text for chunk in found}


async def test_the_command_saves_and_loads(tmp_path: Path) -> None:
    await write(settings_of(tmp_path / "data", None), STORED[:3])

    def run(act: str, file: Path, data: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "api_service.ingestion.saved_index", act, file],
            env={"DATA_DIR": str(tmp_path / data), "PYTHONPATH": str(Path.cwd())},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    file = tmp_path / "index.jsonl.gz"
    assert run("save", file, "data").returncode == 0
    loaded = run("load", file, "elsewhere")
    assert (loaded.returncode, loaded.stderr) == (0, "Loaded 3 chunks with their vectors.\n")
    file.write_bytes(file.read_bytes()[:-20])
    broken = run("load", file, "elsewhere")
    assert (broken.returncode, "damaged" in broken.stderr) == (1, True)
    file.write_bytes(gzip.compress(b"{}"))
    assert run("load", file, "elsewhere").returncode == 1
