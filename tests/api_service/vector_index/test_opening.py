import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from api_service.problems import IndexUnavailable
from api_service.settings import BookSettings
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.opening import index_folder, open_index
from api_service.vector_index.server import ServerIndex
from tests.api_service.book import ingest
from tests.api_service.qdrant_server import qdrant_server
from tests.api_service.scripted_openai import scripted_openai
from tests.api_service.service import make_settings, running_service
from tests.api_service.vector_index.chunks import make_stored


async def test_without_an_address_the_index_is_embedded_in_the_data_folder(tmp_path: Path) -> None:
    settings = BookSettings(data_dir=tmp_path / "data")
    index = await open_index(settings)
    assert isinstance(index, EmbeddedIndex)
    assert (index_folder(settings) / "current").exists()
    assert settings.data_dir in index_folder(settings).parents
    await index.close()


def test_the_client_of_a_server_is_imported_only_with_an_address(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, api_service.app, api_service.ingestion.handover\n"
        "from api_service.settings import BookSettings\n"
        "from api_service.vector_index.opening import open_index\n"
        f"asyncio.run(open_index(BookSettings(data_dir={str(tmp_path)!r})))\n"
        "assert 'qdrant_edge' in sys.modules and 'qdrant_client' not in sys.modules\n"
    )
    paths = os.pathsep.join(sys.path)
    subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": paths}, check=True
    )


async def test_the_book_is_the_one_the_settings_name(tmp_path: Path) -> None:
    for settings in (
        BookSettings(data_dir=tmp_path, book="arms"),
        BookSettings(data_dir=tmp_path, book="arms", qdrant_url="http://127.0.0.1:6333"),
    ):
        index = await open_index(settings)
        assert index.book == "arms"
        await index.close()


async def test_with_an_address_the_index_is_on_that_server_and_no_folder_is_made(
    tmp_path: Path,
) -> None:
    settings = BookSettings(
        data_dir=tmp_path / "data",
        qdrant_url="http://127.0.0.1:6333",
        qdrant_api_key=SecretStr("key"),
    )
    index = await open_index(settings)
    assert isinstance(index, ServerIndex)
    assert not settings.data_dir.exists()
    await index.close()


async def test_answers_search_with_a_key_that_only_reads(tmp_path: Path) -> None:
    with qdrant_server(
        tmp_path / "storage", "the-key-that-writes", read_only_key="the-key-that-reads"
    ) as url:
        settings = make_settings(tmp_path, qdrant_url=url).model_copy(
            update={
                "qdrant_api_key": SecretStr("the-key-that-writes"),
                "qdrant_read_only_api_key": SecretStr("the-key-that-reads"),
            }
        )
        await ingest(settings)
        async with running_service(settings) as http:
            asked = await http.post(
                "/v1/chat", json={"message": "What is an inertial measurement unit?"}
            )
            ready = await http.get("/ready")
        index = await open_index(settings, to_read=True)
        with pytest.raises(IndexUnavailable, match="refuses our key"):
            await index.write([make_stored("camera")])
        await index.close()

    assert (asked.status_code, ready.status_code) == (200, 200)
    assert asked.json()["sources"]


async def test_a_server_that_says_nothing_keeps_no_start_waiting(tmp_path: Path) -> None:
    gave_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until whoever asks hangs up
        gave_up.set()
        writer.close()

    async with (
        scripted_openai() as openai,
        await asyncio.start_server(silent, "127.0.0.1", 0) as server,
    ):
        port = server.sockets[0].getsockname()[1]
        settings = make_settings(tmp_path, openai=openai, qdrant_url=f"http://127.0.0.1:{port}")
        async with running_service(settings) as http:
            alive = await http.get("/health")
            assert not gave_up.is_set()
            ready = await http.get("/ready")

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["dependencies"]["index"] == "unavailable"


async def test_without_one_answers_search_with_the_key_that_writes(tmp_path: Path) -> None:
    with qdrant_server(tmp_path / "storage", "the-key-that-writes") as url:
        settings = make_settings(tmp_path, qdrant_url=url).model_copy(
            update={"qdrant_api_key": SecretStr("the-key-that-writes")}
        )
        index = await open_index(settings, to_read=True)
        assert await index.count() == 0
        await index.close()
