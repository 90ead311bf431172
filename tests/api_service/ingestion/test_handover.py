import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, chdir
from pathlib import Path

import pytest

from api_service.embedders.bm25 import query_terms
from api_service.ingestion.handover import borrowed_index, serve_handover, socket_path
from api_service.problems import IndexUnavailable
from api_service.settings import BookSettings
from api_service.vector_index import IndexInUse, IndexRefused
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.opening import index_folder, open_index
from api_service.vector_index.server import ServerIndex
from tests.api_service.vector_index.chunks import all_stored, make_stored


@pytest.fixture
def settings(tmp_path: Path) -> BookSettings:
    return BookSettings(data_dir=tmp_path / "data")


@asynccontextmanager
async def service(settings: BookSettings) -> AsyncIterator[EmbeddedIndex]:
    """Hold the index and listen, as the service does, with one chunk stored."""
    index = await open_index(settings)
    assert isinstance(index, EmbeddedIndex)
    await index.write([make_stored("camera")])
    async with serve_handover(index, socket_path(settings)):
        yield index
    await index.close()


def generations(settings: BookSettings) -> list[Path]:
    return list(index_folder(settings).glob("generation-*"))


async def eventually_one_generation(settings: BookSettings) -> None:
    async with asyncio.timeout(5):
        while len(generations(settings)) != 1:  # noqa: ASYNC110 -- folders tell nobody they go
            await asyncio.sleep(0.01)


async def exchange(settings: BookSettings, *lines: bytes) -> list[dict[str, str]]:
    """Say lines to the service as they are, and return its answers."""
    reader, writer = await asyncio.open_unix_connection(socket_path(settings))
    writer.write(b"".join(lines))
    writer.write_eof()
    answers = [json.loads(line) async for line in reader]
    writer.close()
    await writer.wait_closed()
    return answers


async def test_what_is_handed_over_is_what_the_service_answers_from(settings: BookSettings) -> None:
    async with service(settings) as index:
        async with borrowed_index(settings) as borrowed:
            assert await borrowed.index.count() == 1
            await borrowed.index.write([make_stored("gripper", ordinal=1)])
            assert await index.count() == 1
            await borrowed.hand_over()
            assert await index.count() == 2
        found = await index.search(query_terms("gripper"), None, 5)
        assert [scored.chunk.text for scored in found.chunks] == ["gripper"]
        await eventually_one_generation(settings)


async def test_what_is_not_handed_over_is_thrown_away(settings: BookSettings) -> None:
    async with service(settings) as index:
        async with borrowed_index(settings) as borrowed:
            await borrowed.index.write([make_stored("gripper", ordinal=1)])
        await eventually_one_generation(settings)
        assert await index.count() == 1


async def test_what_an_ingestion_that_failed_had_done_is_gone_on_with(
    settings: BookSettings,
) -> None:
    async with service(settings) as index:
        with pytest.raises(OSError, match="broken off"):
            await ingest_half(settings)
        assert await index.count() == 1
        async with borrowed_index(settings) as borrowed:
            assert len(await all_stored(borrowed.index)) == 2
            await borrowed.hand_over()
        assert await index.count() == 2
        await eventually_one_generation(settings)


async def test_who_only_looks_leaves_what_an_ingestion_that_failed_had_done(
    settings: BookSettings,
) -> None:
    async with service(settings) as index:
        with pytest.raises(OSError, match="broken off"):
            await ingest_half(settings)
        for _ in range(2):
            async with borrowed_index(settings) as borrowed:
                assert len(await all_stored(borrowed.index)) == 2
        assert await index.count() == 1
        assert await index.left_over()


@pytest.mark.parametrize("is_served", [True, False])
async def test_what_was_left_and_cannot_be_read_is_in_the_way_once(
    settings: BookSettings, *, is_served: bool
) -> None:
    async with AsyncExitStack() as serving:
        await serving.enter_async_context(service(settings))
        with pytest.raises(OSError, match="broken off"):
            await ingest_half(settings)
        left = (index_folder(settings) / "copy").read_text().split()[0]
        (index_folder(settings) / left / "edge_config.json").write_text("{")
        if not is_served:
            await serving.aclose()
        with pytest.raises(IndexRefused, match="cannot be read"):
            async with borrowed_index(settings) as borrowed:
                await borrowed.index.prepare(None)
        await eventually_one_generation(settings)
        async with borrowed_index(settings) as borrowed:
            await borrowed.index.write([make_stored("gripper", ordinal=1)])
            await borrowed.hand_over()


async def test_the_same_holds_without_a_service(settings: BookSettings) -> None:
    async with borrowed_index(settings) as borrowed:
        await borrowed.index.write([make_stored("camera")])
        await borrowed.hand_over()
    with pytest.raises(OSError, match="broken off"):
        await ingest_half(settings)
    async with borrowed_index(settings) as borrowed:
        assert await borrowed.index.count() == 1
        await borrowed.index.prepare(None)
        assert len(await all_stored(borrowed.index)) == 2
        await borrowed.hand_over()
    index = await open_index(settings)
    assert await index.count() == 2
    await index.close()
    assert len(generations(settings)) == 1


async def ingest_half(settings: BookSettings) -> None:
    async with borrowed_index(settings) as borrowed:
        await borrowed.index.prepare(None)
        await borrowed.index.write([make_stored("gripper", ordinal=1)])
        raise OSError("broken off")


async def test_an_ingestion_that_changes_nothing_makes_no_copy(settings: BookSettings) -> None:
    async with borrowed_index(settings) as borrowed:
        await borrowed.index.prepare(None)
        await borrowed.index.write([make_stored("camera")])
        await borrowed.hand_over()
    before = generations(settings)
    async with borrowed_index(settings) as borrowed:
        await borrowed.index.prepare(None)
        assert len(await all_stored(borrowed.index)) == 1
        await borrowed.index.write([])
        await borrowed.index.remove([])
        assert generations(settings) == before
        await borrowed.hand_over()
    assert generations(settings) == before


async def test_ingestions_may_follow_each_other(settings: BookSettings) -> None:
    async with service(settings) as index:
        for ordinal in (1, 2, 3):
            async with borrowed_index(settings) as borrowed:
                await borrowed.index.write([make_stored("gripper", ordinal=ordinal)])
                await borrowed.hand_over()
        assert await index.count() == 4
    reopened = await open_index(settings)
    assert await reopened.count() == 4
    await reopened.close()


async def test_a_second_ingestion_at_the_same_time_is_refused(settings: BookSettings) -> None:
    async with service(settings), borrowed_index(settings) as borrowed:
        with pytest.raises(IndexRefused, match="Another ingestion is at work"):
            async with borrowed_index(settings):
                pass
        await borrowed.hand_over()


async def test_a_second_ingestion_that_is_slow_to_ask_is_told_the_same(
    settings: BookSettings,
) -> None:
    async with service(settings), borrowed_index(settings):
        reader, writer = await asyncio.open_unix_connection(socket_path(settings))
        await asyncio.sleep(0.2)
        writer.write(b'{"ask": "copy"}\n')
        answer = await reader.readline()
        writer.close()
    assert b"Another ingestion is at work" in answer


async def test_without_a_service_the_index_itself_is_lent(settings: BookSettings) -> None:
    async with borrowed_index(settings) as borrowed:
        await borrowed.index.write([make_stored("camera")])
        await borrowed.hand_over()
        with pytest.raises(IndexInUse, match="QDRANT_URL"):
            async with borrowed_index(settings):
                pass
    index = await open_index(settings)
    assert await index.count() == 1
    await index.close()


async def test_a_service_that_goes_away_is_told_in_a_sentence(settings: BookSettings) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(service(settings))

        async def ingest_while_the_service_ends() -> None:
            async with borrowed_index(settings) as borrowed:
                await borrowed.index.write([make_stored("gripper", ordinal=1)])
                await stack.aclose()
                await borrowed.hand_over()

        with pytest.raises(IndexUnavailable, match="has the index went away"):
            await ingest_while_the_service_ends()
    index = await open_index(settings)
    assert await index.count() == 1
    assert await index.left_over()
    await index.close()


async def test_a_socket_left_by_a_killed_service_is_no_obstacle(settings: BookSettings) -> None:
    settings.data_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path(settings)))
    async with borrowed_index(settings) as borrowed:
        assert await borrowed.index.count() == 0
    async with service(settings), borrowed_index(settings) as borrowed:
        assert await borrowed.index.count() == 1


async def test_only_the_user_of_the_service_can_connect_and_nothing_is_left(
    settings: BookSettings,
) -> None:
    async with service(settings):
        assert stat.S_IMODE(socket_path(settings).stat().st_mode) == 0o600
    assert not socket_path(settings).exists()


async def test_a_file_where_the_socket_belongs_is_kept(settings: BookSettings) -> None:
    settings.data_dir.mkdir()
    socket_path(settings).write_text("mine")
    with pytest.raises(IndexRefused, match="is in the way"):
        async with service(settings):
            pass
    assert socket_path(settings).read_text() == "mine"


async def test_a_data_folder_with_a_long_path_works(tmp_path: Path) -> None:
    settings = BookSettings(data_dir=tmp_path / ("deep" * 30) / ("deeper" * 20) / "data")
    assert len(str(socket_path(settings))) > 250
    async with service(settings) as index:
        async with borrowed_index(settings) as borrowed:
            await borrowed.index.write([make_stored("gripper", ordinal=1)])
            await borrowed.hand_over()
        assert await index.count() == 2
    assert settings.data_dir not in _open_files()


def _open_files() -> set[Path]:
    """Return what the descriptors of this process point to."""
    return {link.resolve() for link in Path("/proc/self/fd").iterdir()}


async def test_a_relative_data_folder_works(tmp_path: Path) -> None:
    settings = BookSettings(data_dir=Path(".data"))
    with chdir(tmp_path):
        await _change_through_the_service(settings)


async def _change_through_the_service(settings: BookSettings) -> None:
    async with service(settings) as index:
        async with borrowed_index(settings) as borrowed:
            await borrowed.index.remove(list(await all_stored(index)))
            await borrowed.hand_over()
        assert await index.count() == 0


@pytest.mark.parametrize(
    "line",
    [
        b'{"ask": "adopt"}\n',
        b'{"ask": "adopt", "name": "../../etc"}\n',
        b'{"ask": "copy", "name": "x"}\n',
        b"{}\n",
        b'["copy"]\n',
        b"no JSON\n",
        b"\xff\xfe\n",
        b"x" * 100_000 + b"\n",
        b"",
    ],
)
async def test_nonsense_at_the_socket_changes_nothing(settings: BookSettings, line: bytes) -> None:
    async with service(settings) as index:
        try:
            answers = await exchange(settings, line)
        except ConnectionError:
            answers = []
        assert not any("name" in answer for answer in answers)
        assert await index.count() == 1
        async with borrowed_index(settings) as borrowed:
            await borrowed.hand_over()


async def test_nonsense_after_the_copy_throws_the_copy_away(settings: BookSettings) -> None:
    async with service(settings) as index:
        answers = await exchange(settings, b'{"ask": "copy"}\n', b'{"ask": "../../etc"}\n')
        assert [list(answer) for answer in answers] == [["name"]]
        await eventually_one_generation(settings)
        assert await index.count() == 1


async def test_an_unfit_copy_is_refused_and_the_service_goes_on(settings: BookSettings) -> None:
    async with service(settings) as index:
        (live,) = generations(settings)
        async with borrowed_index(settings) as borrowed:
            (copy,) = set(generations(settings)) - {live}
            await borrowed.index.close()
            copy.rename(copy.with_name("elsewhere"))
            with pytest.raises(IndexRefused, match="cannot be read"):
                await borrowed.hand_over()
        assert await index.count() == 1


async def test_a_copy_that_cannot_be_made_is_refused_in_a_sentence(settings: BookSettings) -> None:
    async with service(settings) as index:
        (live,) = generations(settings)
        (live / "dangling").symlink_to("nowhere")
        with pytest.raises(IndexRefused, match="could not be copied"):
            async with borrowed_index(settings):
                pass
        assert await index.count() == 1


async def test_an_index_on_a_server_needs_no_socket(settings: BookSettings) -> None:
    index = ServerIndex("http://127.0.0.1:6333")
    async with serve_handover(index, socket_path(settings)):
        assert not socket_path(settings).exists()
    await index.close()
