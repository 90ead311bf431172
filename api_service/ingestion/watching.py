"""For authors: the book ingested again whenever something in its folder has changed."""

import asyncio
from contextlib import aclosing

from watchfiles import DefaultFilter, awatch

from api_service.ingestion.once import Order, ingest_once
from api_service.local_database import Remark

_QUIET_MILLISECONDS = 300
_LONGEST_MILLISECONDS = 2000


async def watch(order: Order, remark: Remark) -> int:
    """Ingest now and after each change, until interrupted; return the exit status.

    What goes wrong is said, and watching goes on: an author is in the middle of something. Changes
    that come together are taken together, once nothing has changed for a moment.
    """
    folder = order.folder.resolve()
    if not folder.is_dir():
        return await ingest_once(order)  # which says what is wrong
    own = DefaultFilter(ignore_paths=[order.settings.data_dir.resolve()])
    watching = awatch(
        folder, watch_filter=own, debounce=_LONGEST_MILLISECONDS, step=_QUIET_MILLISECONDS
    )
    async with aclosing(watching) as changes:
        # Begun before the first ingestion: what changes meanwhile is not missed.
        change = asyncio.ensure_future(anext(changes))
        try:
            await asyncio.sleep(0)
            await ingest_once(order)
            remark(f"Watching {folder}; Ctrl-C ends it.")
            while True:
                await change
                change = asyncio.ensure_future(anext(changes))
                await ingest_once(order)
        finally:
            change.cancel()
            await asyncio.gather(change, return_exceptions=True)
