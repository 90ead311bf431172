"""The revocations' door: the feed api-service follows."""

import asyncio
import re
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from auth_service.database.engine import database_errors
from auth_service.database.revocation_feed import Page, Place, read_feed
from auth_service.dependencies import Now, Res
from auth_service.replies import NOT_STORED, reply
from auth_service.resources import Resources
from auth_service.revocations.recording import KEPT
from auth_service.revocations.schemas import EntryBody, FeedBody
from auth_service.service_callers import FromApiService
from service_kit.stopping import is_stopping

MOST_WAITED = 10
"""Seconds a caller may be kept waiting for news."""

_COUNT = re.compile(r"[0-9]{1,4}")

router = APIRouter(tags=["internal"])


@router.get("/revocations", response_model=FeedBody, include_in_schema=False)
async def revocations(
    request: Request,
    _caller: FromApiService,
    resources: Res,
    now: Now,
    after: str = "",
    wait: str = "0",
) -> Response:
    """Tell what has been revoked after a place: `last` of the reply before; without it, all.

    With nothing new the reply waits for up to `wait` seconds.
    """
    with database_errors():
        page = await _page(resources, Place.read(after), now)
        give_up_at = asyncio.get_running_loop().time() + _seconds(wait)
        while not (page.entries or page.anew) and asyncio.get_running_loop().time() < give_up_at:
            # Or a service told to stop would stay for callers who wait, or have gone.
            if is_stopping(request.scope["state"]) or await request.is_disconnected():
                break
            if await resources.revocations.newest() != page.last:
                page = await _page(resources, page.last, now)
    return reply(_told(page), (NOT_STORED,))


def _seconds(wait: str) -> int:
    return min(int(wait), MOST_WAITED) if _COUNT.fullmatch(wait) else 0


async def _page(resources: Resources, after: Place | None, now: datetime) -> Page:
    async with resources.database.autocommit.begin() as db:
        await resources.revocations.sweep(db, now, KEPT)
        return await read_feed(db, after)


def _told(page: Page) -> FeedBody:
    entries = [
        EntryBody(
            kind=entry.kind,
            value=entry.value,
            not_before=None if entry.not_before is None else int(entry.not_before.timestamp()),
            until=int((entry.at + KEPT).timestamp()),
        )
        for entry in page.entries
    ]
    return FeedBody(entries=entries, last=str(page.last), anew=page.anew, more=page.more)
