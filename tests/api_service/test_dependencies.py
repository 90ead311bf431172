import asyncio
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from api_service.dependencies import unless_gone
from tests.api_service.service import bearer, make_settings, make_token, running_service


def sending(*messages: str) -> Request:
    """Return a request of which these come, and then nothing."""
    left = list(messages)

    async def receive() -> Message:
        if not left:
            await asyncio.sleep(60)
        return {"type": left.pop(0)}

    return Request({"type": "http"}, receive)


async def test_what_still_comes_of_a_body_is_not_its_senders_leaving() -> None:
    assert await unless_gone(sending("http.request"), asyncio.sleep(0.05, "answer")) == "answer"


async def test_for_a_caller_who_leaves_the_work_is_ended() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with pytest.raises(ClientDisconnect):
        await unless_gone(sending("http.request", "http.disconnect"), work())
    assert ended.is_set()


async def test_who_speaks_for_two_callers_is_refused(tmp_path: Path) -> None:
    two = [(name, token) for _ in range(2) for name, token in bearer(make_token()).items()]
    async with running_service(make_settings(tmp_path)) as http:
        reply = await http.get("/v1/me", headers=two)

    assert (reply.status_code, reply.json()["title"]) == (401, "Invalid JWT")
    assert "more than one Authorization header" in reply.json()["detail"]
