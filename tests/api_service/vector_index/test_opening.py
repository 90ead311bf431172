import os
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from api_service.settings import BookSettings
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.opening import index_folder, open_index
from api_service.vector_index.server import ServerIndex


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
