from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api_service.beside_vendor import Service, ingested, service
from tests.api_service.scripted_openai import embeds, says


@pytest_asyncio.fixture(scope="module")
async def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index that holds the book, with vectors."""
    return await ingested(tmp_path_factory.mktemp("book"))


@pytest_asyncio.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One service for one fault after the other; each test begins with a vendor that is well."""
    folder = await ingested(tmp_path_factory.mktemp("shared"))
    async with service(folder, chat_deadline_ms=6000) as running:
        yield running


@pytest_asyncio.fixture
async def running(shared: Service) -> AsyncIterator[Service]:
    """The service with its vendor, which the test makes fail; afterwards it answers again."""
    openai = shared.openai
    openai.requests.clear()
    openai.abandoned.clear()
    yield shared
    openai.chat, openai.embeddings = says("It is a sensor [1]."), embeds()
    reply, _ = await shared.asked()
    assert (reply.status_code, reply.json()["retrieval"]) == (200, "hybrid")
