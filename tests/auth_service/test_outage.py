"""PostgreSQL killed outright in the middle of sign-ups: who was told "yes" is there afterwards."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.database.relay import Relay
from tests.auth_service.service import Service, make_settings, serving

SIGN_UPS = 200
AT_ONCE = 8


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


async def sign_up_all(service: Service, done: list[tuple[str, int]]) -> None:
    """Sign 200 readers up, a few at once; each is noted with the answer it got."""
    waiting = [f"reader{number}@example.com" for number in range(SIGN_UPS)]

    async def one_after_another() -> None:
        while waiting:
            email = waiting.pop()
            reply = await service.sign_up(email)
            if reply.status_code == 503:
                assert int(reply.headers["retry-after"]) > 0
            done.append((email, reply.status_code))

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


@pytest.mark.timeout(180)
async def test_nobody_who_was_told_yes_is_lost_when_postgresql_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    done: list[tuple[str, int]] = []

    async def until(reached: Callable[[], bool]) -> None:
        while not reached():  # noqa: ASYNC110 -- what is waited for tells of no event
            await asyncio.sleep(0.01)

    with ExitStack() as life:
        server = life.enter_context(running_postgres(folder))
        await asyncio.to_thread(migrate, server.url)
        relay = Relay(port_of(server.url))
        await relay.restore()
        address = server.url.replace(f":{port_of(server.url)}/", f":{relay.port}/")
        async with serving(make_settings(address, PASSWORD_QUEUE=SIGN_UPS)) as service:
            signing_up = asyncio.create_task(sign_up_all(service, done))
            await until(lambda: len(done) >= SIGN_UPS // 4)
            os.kill(server.process.pid, signal.SIGKILL)
            await until(lambda: any(status == 503 for _, status in done))
            life.close()
            again = life.enter_context(running_postgres(folder))
            relay.target = port_of(again.url)
            await signing_up
            stored = [str(email) for (email,) in await service.rows('SELECT email FROM "user"')]
            late = await service.sign_up("late@example.com")
        await relay.cut()

    acknowledged = {email for email, status in done if status == 200}
    assert {status for _, status in done} == {200, 503}
    assert len(acknowledged) > SIGN_UPS // 4  # some before the kill, some after
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
    assert late.status_code == 200
