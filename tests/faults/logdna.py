"""LogDNA, as both services use it: api-service tells it what it prints."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from tests.api_service.book import ingest
from tests.api_service.service import make_settings
from tests.faults.book import api_process, chat, reading, search, stream
from tests.faults.cells import Dependency, Question, Site
from tests.faults.postgres import health, ready
from tests.faults.proxy import proxied
from tests.service_kit.scripted_logdna import KEY, ScriptedLogDna, scripted_logdna

PATIENCE = 3.0
"""How long a line is waited for that should come."""


@dataclass(frozen=True, slots=True)
class LogDnaSite(Site):
    """api-service, LogDNA, and the requests whose lines LogDNA has to have some day."""

    logdna: ScriptedLogDna
    asked: list[str] = field(default_factory=list)

    def all_told(self) -> bool:
        """Tell whether LogDNA has all of their lines."""
        return {told.get("request_id") for told in self.logdna.told()}.issuperset(self.asked)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[LogDnaSite]:
    """Run api-service with LogDNA behind a proxy."""
    await ingest(make_settings(folder / "data"))
    async with (
        scripted_logdna() as logdna,
        proxied(urlsplit(logdna.url).port or 0) as proxy,
        api_process(
            folder,
            LOGDNA_INGESTION_KEY=KEY,
            LOGDNA_URL=f"http://127.0.0.1:{proxy.port}/logs/ingest",
        ) as service,
        reading(service) as http,
    ):
        yield LogDnaSite(proxy, service, http, logdna)


async def line(site: LogDnaSite) -> str:
    """Ask; return where the request's log line is, with those of all requests before it."""
    name = uuid4().hex
    site.asked.append(name)
    await site.http.get("/v1/me", headers={"x-request-id": name})
    # It is printed once the reply has left.
    is_printed = await within(PATIENCE, lambda: name in site.service.log.read_text())
    assert is_printed, "a request without a log line"
    assert await site.service.counted('telemetry_dropped_total{to="logdna"}') == 0
    if site.proxy.mode == "open" and await within(PATIENCE, site.all_told):
        return "printed, sent, with all before"
    return "printed"


async def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Wait for something that others do; return whether it came about in time."""
    give_up_at = time.monotonic() + seconds
    while not (done := holds()) and time.monotonic() < give_up_at:  # noqa: ASYNC110 -- as said
        await asyncio.sleep(0.05)
    return done


LOGDNA: Dependency[LogDnaSite] = Dependency(
    name="LogDNA",
    prose=(
        "Readers notice nothing. Lines are printed as ever, and wait in 8 MB of memory until "
        "LogDNA takes them: a batch is given ten seconds, and tried again after one second, "
        "two, four and up to thirty, which is how long LogDNA may be back before it is sent "
        "something. What it has taken without our hearing so it gets twice. Beyond 8 MB lines "
        "are dropped, and counted: `telemetry_dropped_total`, and `lines_dropped` in the log."
    ),
    running=running,
    questions=(
        Question("`GET /health`", health, well="200", away="200", seconds=3),
        Question("`GET /ready`", ready, well="200", away="200", seconds=3),
        Question(
            "`POST /v1/chat`",
            chat,
            well="200 extractive, bm25",
            away="200 extractive, bm25",
            seconds=3,
        ),
        Question(
            "`POST /v1/chat/stream`",
            stream,
            well="200, words, done",
            away="200, words, done",
            seconds=3,
        ),
        Question("`GET /v1/search`", search, well="200 bm25", away="200 bm25", seconds=3),
        Question(
            "a request's log line",
            line,
            well="printed, sent, with all before",
            away="printed",
            seconds=3.0 + PATIENCE,
            at_once=1,
        ),
    ),
    recovery=45,
    quick=("refused", "reset"),
    lasts={"refused": 4, "reset": 4, "cut": 4, "black hole": 15, "slow": 15},
    pool=1,
)
