"""What a request must not leave behind: tasks, requests under way, connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.api_service.scripted_openai import ScriptedOpenAI

SECONDS = 1.0
"""Within these after a reply, or a reader's leaving, nothing may be left."""

EMBEDDERS = 1
"""Connections of the embedder's that are kept to be used again; a model keeps one besides."""

_ESTABLISHED = "01"


@asynccontextmanager
async def nothing_left_behind(openai: ScriptedOpenAI, *, models: int = 1) -> AsyncIterator[None]:
    """Check, once what is enclosed has ended, that it left nothing with this vendor or here.

    Args:
        openai: The vendor.
        models: How many of its language models are asked.
    """
    before = asyncio.all_tasks()
    yield
    await until(lambda: not openai.under_way)
    await until(lambda: not asyncio.all_tasks() - before)
    await until(lambda: connections(openai) <= EMBEDDERS + models)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, for as long as something may be left at most."""
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 - counts of others, who set no event
            await asyncio.sleep(0.01)


def connections(openai: ScriptedOpenAI) -> int:
    """Return how many connections there are to the vendor; 0 where the system does not tell."""
    table = Path("/proc/net/tcp")
    lines = table.read_text("ascii").splitlines()[1:] if table.exists() else []
    port = urlsplit(openai.base_url).port
    entries = (line.split() for line in lines)
    return sum(
        int(there.rpartition(":")[2], 16) == port and state == _ESTABLISHED
        for _, _, there, state, *_ in entries
    )
