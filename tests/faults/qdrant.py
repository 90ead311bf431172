"""A Qdrant server, as api-service uses it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.api_service.book import ingest
from tests.api_service.qdrant_server import qdrant_server
from tests.api_service.service import make_settings
from tests.faults.book import api_process, chat, reading, search, stream
from tests.faults.cells import Dependency, Question, Site
from tests.faults.postgres import health, ready
from tests.faults.proxy import proxied

HEAD_BYTES = 200
"""Where an answer is cut: after its head, in the middle of its body."""


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Site]:
    """Run api-service with its index on a server behind a proxy."""
    servers = qdrant_server(folder / "qdrant")
    url = await asyncio.to_thread(servers.__enter__)
    try:
        await ingest(make_settings(folder, qdrant_url=url))
        async with (
            proxied(urlsplit(url).port or 0, cut_after=HEAD_BYTES) as proxy,
            api_process(folder, QDRANT_URL=f"http://127.0.0.1:{proxy.port}") as service,
            reading(service) as http,
        ):
            yield Site(proxy, service, http)
    finally:
        servers.__exit__(None, None, None)


AWAY = "503 index-unavailable"

QDRANT: Dependency[Site] = Dependency(
    name="Qdrant over HTTP",
    prose=(
        "api-service keeps the book there. Nothing can be answered without it, and that is "
        "said: each request to the server has five seconds, to the last byte of its answer, and "
        "half an answer is none. There is nothing to be opened anew: the next question asks "
        "again. Words of the book that questions are corrected by, once read, stay."
    ),
    running=running,
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=1),
        Question("`GET /ready`", ready, well="200", away="503 index", seconds=3),
        Question("`POST /v1/chat`", chat, well="200 extractive, bm25", away=AWAY, seconds=10),
        Question("`POST /v1/chat/stream`", stream, well="200, words, done", away=AWAY, seconds=10),
        Question("`GET /v1/search`", search, well="200 bm25", away=AWAY, seconds=10),
    ),
    recovery=5,
    quick=("reset", "cut"),
    pool=8,
)
