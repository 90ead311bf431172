"""What is particular to the index in this process."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import qdrant_edge as qdrant

from api_service.embedders.bm25 import query_terms
from api_service.problems import IndexUnavailable
from api_service.vector_index import Embedding, IndexInUse, IndexRefused
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.engine import PACK_CHUNKS
from api_service.vector_index.points import payload_of
from tests.api_service.vector_index.chunks import all_stored, make_stored

ROOT = Path(__file__).parents[3]
WRITE_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from api_service.vector_index.embedded import EmbeddedIndex
from tests.api_service.vector_index.chunks import all_stored, make_stored

async def main():
    index = await EmbeddedIndex.open(Path(sys.argv[1]))
    for place in range(10_000):
        if place == 3:
            await index.prepare(2)
        vector = (1.0, 0.0) if place > 2 else None
        await index.write([make_stored("camera", vector=vector, ordinal=place)])
        print(place, flush=True)

asyncio.run(main())
"""
HOLD = """
import asyncio, sys
from pathlib import Path
from api_service.vector_index.embedded import EmbeddedIndex

async def main():
    index = await EmbeddedIndex.open(Path(sys.argv[1]))
    print("open", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EmbeddedIndex]:
    opened = await EmbeddedIndex.open(tmp_path / "index")
    yield opened
    await opened.close()


def _run(program: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _generations(index: Path) -> list[str]:
    return sorted(entry.name for entry in index.iterdir() if entry.name.startswith("generation-"))


async def test_what_a_killed_process_was_told_is_stored_is_stored(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with _run(WRITE_UNTIL_KILLED, folder) as writer:
        assert writer.stdout
        acknowledged = -1
        while acknowledged < 20:
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
    index = await EmbeddedIndex.open(folder)
    assert await index.count() >= acknowledged + 1
    found = await index.search(query_terms("camera"), Embedding("openai:small", (1.0, 0.0)), 5)
    assert found.retrieval == "hybrid"
    await index.close()


async def test_an_index_closed_and_opened_again_holds_the_same_chunks(tmp_path: Path) -> None:
    first = await EmbeddedIndex.open(tmp_path / "index")
    await first.prepare(2)
    await first.write([make_stored("camera", vector=(1.0, 0.0))])
    before = await all_stored(first)
    await first.close()
    await first.close()
    second = await EmbeddedIndex.open(tmp_path / "index")
    assert await all_stored(second) == before
    await second.close()


async def test_a_second_process_is_told_who_has_the_index_and_what_helps(tmp_path: Path) -> None:
    with _run(HOLD, tmp_path / "index") as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(IndexInUse, match=rf"process \({holder.pid}\).*set QDRANT_URL"):
            await EmbeddedIndex.open(tmp_path / "index")
        holder.send_signal(signal.SIGKILL)
    after = await EmbeddedIndex.open(tmp_path / "index")
    await after.close()


async def test_a_closed_index_is_unavailable(tmp_path: Path) -> None:
    index = await EmbeddedIndex.open(tmp_path / "index")
    await index.close()
    with pytest.raises(IndexUnavailable):
        await index.count()


async def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IndexRefused, match="DATA_DIR"):
        await EmbeddedIndex.open(tmp_path / "file" / "index")


async def test_damaged_files_are_refused_in_a_sentence_and_leave_no_lock(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    await (await EmbeddedIndex.open(folder)).close()
    (live,) = _generations(folder)
    shutil.rmtree(folder / live / "segments")
    (folder / live / "edge_config.json").write_text("no JSON")
    for _ in range(2):
        with pytest.raises(IndexRefused, match="ingest the book again"):
            await EmbeddedIndex.open(folder)
    (folder / "current").write_text("../elsewhere")
    with pytest.raises(IndexRefused, match="does not name a generation"):
        await EmbeddedIndex.open(folder)


async def test_what_cannot_be_read_after_packing_is_told_once_and_leaves_no_lock(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "index"
    index = await EmbeddedIndex.open(folder)
    (live,) = _generations(folder)
    (folder / live / "edge_config.json").write_text("no JSON")
    with pytest.raises(IndexRefused, match="ingest the book again"):
        await index.write([make_stored("camera", ordinal=place) for place in range(PACK_CHUNKS)])
    await index.close()
    with pytest.raises(IndexRefused, match="ingest the book again"):
        await EmbeddedIndex.open(folder)


async def test_a_copy_is_as_small_as_the_original(index: EmbeddedIndex, tmp_path: Path) -> None:
    await index.write([make_stored("camera", ordinal=place) for place in range(100)])
    name = await index.copy()
    folders = [tmp_path / "index" / each for each in _generations(tmp_path / "index")]
    occupied = [
        sum(file.stat().st_blocks for file in folder.rglob("*") if file.is_file()) * 512
        for folder in folders
    ]
    assert len(occupied) == 2
    assert max(occupied) < 20_000_000
    assert max(occupied) < 1.5 * min(occupied)
    await index.discard(name)


async def test_a_copy_changed_elsewhere_becomes_the_index(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    await index.write([make_stored("camera")])
    name = await index.copy()
    copy = await EmbeddedIndex.open_copy(tmp_path / "index", name)
    await copy.write([make_stored("gripper", ordinal=1)])
    await copy.close()
    assert await index.count() == 1
    await index.adopt(name)
    assert await index.count() == 2
    await index.write([make_stored("arm", ordinal=2)])
    await index.close()
    assert _generations(tmp_path / "index") == [name]
    reopened = await EmbeddedIndex.open(tmp_path / "index")
    assert await reopened.count() == 3
    await reopened.close()


async def test_searches_go_on_while_copies_take_the_place_of_the_index(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    await index.write([make_stored("camera", ordinal=place) for place in range(50)])
    done = asyncio.Event()

    async def search_on() -> int:
        searches = 0
        while not done.is_set():
            found = await index.search(query_terms("camera"), None, 5)
            assert len(found.chunks) == 5
            searches += 1
        return searches

    readers = [asyncio.create_task(search_on()) for _ in range(4)]
    for place in range(5):
        name = await index.copy()
        copy = await EmbeddedIndex.open_copy(tmp_path / "index", name)
        await copy.write([make_stored("camera", ordinal=100 + place)])
        await copy.close()
        await index.adopt(name)
    done.set()
    assert min(await asyncio.gather(*readers)) > 5
    assert await index.count() == 55
    assert len(_generations(tmp_path / "index")) == 1


@pytest.mark.parametrize("name", ["", "..", "../elsewhere", "/etc", "generation-" + "0" * 32])
async def test_only_a_copy_this_process_issued_is_adopted(index: EmbeddedIndex, name: str) -> None:
    with pytest.raises(IndexRefused, match="not issued"):
        await index.adopt(name)
    await index.discard(name)
    assert await index.count() == 0


async def test_a_copy_that_was_damaged_is_refused_and_the_index_goes_on(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    await index.write([make_stored("camera")])
    name = await index.copy()
    shutil.rmtree(tmp_path / "index" / name / "segments")
    (tmp_path / "index" / name / "edge_config.json").write_text("no JSON")
    with pytest.raises(IndexRefused):
        await index.adopt(name)
    await index.discard(name)
    assert await index.count() == 1
    assert len(_generations(tmp_path / "index")) == 1


async def test_a_copy_nobody_handed_over_is_gone_on_with_when_the_index_is_opened_again(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    await index.write([make_stored("camera")])
    assert not await index.left_over()
    name = await index.copy()
    copy = await index.opened(name)
    await copy.write([make_stored("gripper", ordinal=1)])
    assert not await index.left_over()  # somebody is at work on it
    await copy.close()
    await index.close()
    reopened = await EmbeddedIndex.open(tmp_path / "index")
    assert await reopened.left_over()
    assert await reopened.count() == 1
    assert await reopened.copy() == name
    await reopened.adopt(name)
    assert await reopened.count() == 2
    assert _generations(tmp_path / "index") == [name]
    await reopened.close()


async def test_a_copy_of_a_former_generation_is_swept(index: EmbeddedIndex, tmp_path: Path) -> None:
    copy = await index.opened(await index.copy())
    second = await index.copy()
    await copy.close()
    await index.adopt(second)
    await index.close()
    reopened = await EmbeddedIndex.open(tmp_path / "index")
    assert _generations(tmp_path / "index") == [second]
    await reopened.close()


async def test_a_copy_cut_short_is_swept(index: EmbeddedIndex, tmp_path: Path) -> None:
    (live,) = _generations(tmp_path / "index")
    (tmp_path / "index" / f"generation-{'0' * 32}").mkdir()
    await index.close()
    reopened = await EmbeddedIndex.open(tmp_path / "index")
    assert _generations(tmp_path / "index") == [live]
    assert not await reopened.left_over()
    await reopened.close()


async def test_an_index_of_a_newer_version_is_refused_with_what_helps(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    (live,) = _generations(tmp_path / "index")
    await index.close()
    (tmp_path / "index" / live / "made.json").write_text('{"schema": 99}')
    with pytest.raises(IndexRefused, match=r"newer version.*schema 99.*ingest the book again"):
        await EmbeddedIndex.open(tmp_path / "index")
    (tmp_path / "index" / live / "made.json").write_text("no JSON")
    with pytest.raises(IndexRefused, match="cannot be read"):
        await EmbeddedIndex.open(tmp_path / "index")


async def test_an_index_of_an_older_version_is_the_default_book(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    name = f"generation-{'1' * 32}"
    folder.mkdir()
    # As it was made when chunks did not say which book they belong to.
    config = qdrant.EdgeConfig(
        sparse_vectors={"bm25": qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
        optimizers=qdrant.EdgeOptimizersConfig(indexing_threshold=0),
        wal_enabled=True,
    )
    shard = qdrant.EdgeShard.create(str(folder / name), config)
    old = make_stored("camera")
    payload = payload_of(old)
    del payload["book"]
    terms = qdrant.SparseVector(list(old.terms.indices), list(old.terms.values))
    point = qdrant.Point(old.chunk.id, {"bm25": terms}, payload)
    shard.update(qdrant.UpdateOperation.upsert_points([point]))
    shard.close()
    (folder / "current").write_text(name)

    for book, expected in (("book", 1), ("another", 0), ("book", 1)):
        index = await EmbeddedIndex.open(folder, book)
        assert await index.count() == expected
        assert len(await all_stored(index)) == expected
        found = await index.search(query_terms("camera"), None, 5)
        assert [scored.chunk.book for scored in found.chunks] == [book] * expected
        await index.close()


async def test_what_an_index_was_made_by_is_noted_beside_it(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    (live,) = _generations(tmp_path / "index")
    await index.prepare(2, {"embedder": "openai:small", "chunker": "1"})
    noted = json.loads((tmp_path / "index" / live / "made.json").read_text())
    assert noted == {"schema": 2, "embedder": "openai:small", "chunker": "1"}


async def test_a_copy_there_is_no_room_for_leaves_nothing_behind(
    index: EmbeddedIndex, tmp_path: Path
) -> None:
    (live,) = _generations(tmp_path / "index")
    (tmp_path / "index" / live / "dangling").symlink_to("nowhere")
    with pytest.raises(IndexUnavailable, match="could not be copied"):
        await index.copy()
    assert _generations(tmp_path / "index") == [live]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(folder)]
    if shutil.which("mount") is None:
        pytest.skip("needs mount, for a small file system")
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_a_disk_that_is_nearly_full_is_named_before_anything_is_written(
    small_disk: Path,
) -> None:
    index = await EmbeddedIndex.open(small_disk / "index")
    await index.write([make_stored("camera")])
    (small_disk / "ballast").write_bytes(bytes(40 << 20))
    with pytest.raises(IndexRefused, match=r"MB left.*Make room"):
        await index.write([make_stored("gripper", ordinal=1)])
    with pytest.raises(IndexRefused, match="Make room"):
        await index.copy()
    assert len((await index.search(query_terms("camera"), None, 5)).chunks) == 1
    await index.close()
    with pytest.raises(IndexRefused, match="Make room"):
        await EmbeddedIndex.open(small_disk / "another")
    reopened = await EmbeddedIndex.open(small_disk / "index")
    assert await reopened.count() == 1
    await reopened.close()


async def test_a_closed_index_leaves_no_thread(tmp_path: Path) -> None:
    before = _engine_threads()
    index = await EmbeddedIndex.open(tmp_path / "index")
    await index.count()
    assert len(_engine_threads()) == len(before) + 1
    await index.close()
    assert _engine_threads() == before


def _engine_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("qdrant-engine")}


async def test_a_full_disk_is_no_reason_to_remove_the_index(small_disk: Path) -> None:
    index = await EmbeddedIndex.open(small_disk / "index")
    await index.write([make_stored("camera")])
    await index.close()
    with (small_disk / "ballast").open("wb") as ballast, suppress(OSError):
        for _ in range(81):
            ballast.write(bytes(1 << 20))
    with pytest.raises(IndexRefused, match=r"MB left.*Make room"):
        await EmbeddedIndex.open(small_disk / "index")
    (small_disk / "ballast").unlink()
    reopened = await EmbeddedIndex.open(small_disk / "index")
    assert await reopened.count() == 1
    await reopened.close()
