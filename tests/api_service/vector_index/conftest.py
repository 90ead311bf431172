from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api_service.vector_index import COLLECTION, LiveIndex
from api_service.vector_index.embedded import EmbeddedIndex
from api_service.vector_index.server import ServerIndex
from tests.api_service.qdrant_server import collections


@pytest.fixture
async def server(server_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The server, without a collection, asked directly."""
    async with httpx.AsyncClient(base_url=server_url, timeout=10) as client:
        for name in await collections(client):
            await client.delete(f"/collections/{name}")
        yield client


@pytest.fixture(params=["embedded", "server"])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LiveIndex]:
    """An index without a chunk; on the server, without a collection."""
    opened: LiveIndex
    if request.param == "embedded":
        opened = await EmbeddedIndex.open(tmp_path / "index")
    else:
        url = request.getfixturevalue("server_url")
        async with httpx.AsyncClient(base_url=url) as client:
            await client.delete(f"/collections/{COLLECTION}")
        opened = ServerIndex(url)
    yield opened
    await opened.close()
