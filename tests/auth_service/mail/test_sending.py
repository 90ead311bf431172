"""The whole way: from a request to a mail server, and what is seen of one that is away."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.auth_service.mail.server import eventually, mail_server, silent_server
from tests.auth_service.mailed import Mailing, mailing

MINA = "mina@example.com"


async def ask(site: Mailing) -> float:
    """Ask for a password reset; return the seconds it took."""
    started = time.monotonic()
    reply = await site.post("request-password-reset", {"email": MINA})
    assert reply.status_code == 200
    return time.monotonic() - started


async def dependencies(site: Mailing) -> dict[str, str]:
    """Return what /ready says; the service is ready with or without its mail server."""
    reply = await site.service.client.get("/ready")
    assert (reply.status_code, reply.json()["status"]) == (200, "ready")
    states: dict[str, str] = reply.json()["dependencies"]
    return states


@asynccontextmanager
async def sending(database_url: str, folder: Path, port: int) -> AsyncIterator[Mailing]:
    async with mailing(database_url, folder, MAIL_URL=f"smtp://127.0.0.1:{port}") as site:
        await site.reader(MINA)
        yield site


async def test_a_link_in_a_letter_resets_the_password(database_url: str, tmp_path: Path) -> None:
    async with mail_server() as server, sending(database_url, tmp_path, server.port) as site:
        await ask(site)
        await eventually(lambda: bool(server.taken))
        body = server.taken[0].get_body(("plain",))
        assert body is not None
        [link] = [line for line in body.get_content().splitlines() if "://" in line]
        token = link.partition("/reset-password/")[2].partition("?")[0]
        reply = await site.post("reset-password", {"newPassword": "another one", "token": token})
        assert reply.status_code == 200
        assert await dependencies(site) == {"database": "ok", "mail": "ok"}


async def test_a_mail_server_that_is_away_slows_nobody_and_is_seen_until_it_is_back(
    database_url: str, tmp_path: Path
) -> None:
    async with mail_server() as first:
        port = first.port
    async with sending(database_url, tmp_path, port) as site:
        assert await dependencies(site) == {"database": "ok", "mail": "unavailable"}
        assert await ask(site) < 5  # far below what a mail is tried for
        assert await dependencies(site) == {"database": "ok", "mail": "unavailable"}
        async with mail_server(port=port) as back:
            await eventually(lambda: len(back.taken) == 1)


async def test_a_mail_server_that_hangs_slows_nobody(database_url: str, tmp_path: Path) -> None:
    async with silent_server() as port:
        async with sending(database_url, tmp_path, port) as site:
            assert await ask(site) < 5  # far below what the mail server is waited for
            assert await dependencies(site) == {"database": "ok", "mail": "unavailable"}
            started = time.monotonic()
        assert time.monotonic() - started < 10  # the grace of the postbox


async def test_a_letter_put_off_is_sent_later(database_url: str, tmp_path: Path) -> None:
    async with mail_server() as server, sending(database_url, tmp_path, server.port) as site:
        server.to_recipients.append("451 greylisted, come back")
        await ask(site)
        await eventually(lambda: server.recipients == [MINA])


async def test_stopping_sends_what_was_put_off(database_url: str, tmp_path: Path) -> None:
    async with mail_server() as server:
        async with sending(database_url, tmp_path, server.port) as site:
            server.to_recipients.append("451 greylisted, come back")
            await ask(site)
            await eventually(lambda: not server.to_recipients)
        assert server.recipients == [MINA]


async def test_mail_that_cannot_be_away_is_no_dependency(database_url: str, tmp_path: Path) -> None:
    for mail in ("console:", "off"):
        async with mailing(database_url, tmp_path, MAIL_URL=mail) as site:
            assert await dependencies(site) == {"database": "ok"}


async def test_no_mail_leaves_for_what_was_not_committed(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path) as site:
        await site.reader(MINA)
        await site.service.write("ALTER TABLE verification RENAME TO elsewhere")
        try:
            reply = await site.post("request-password-reset", {"email": MINA})
        finally:
            await site.service.write("ALTER TABLE elsewhere RENAME TO verification")
        assert reply.status_code == 500
        assert site.outbox.mails() == []
