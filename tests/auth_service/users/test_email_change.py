"""Section 7 of the reference, change-email and its flows, row by row."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.auth_service.mailed import Mailing, mailing
from tests.auth_service.service import cookie_of

MINA = "mina@example.com"
NEW = "new@example.com"
DONE = '{"status":true}'


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Mailing]:
    async with mailing(database_url, tmp_path) as site:
        yield site


@pytest.mark.parametrize("verified", [True, False])
async def test_section_7_a_mail_to_the_new_address_changes_it(
    site: Mailing, verified: bool
) -> None:
    cookie = await site.reader(verified=verified)
    reply = await site.post("change-email", {"newEmail": "New@Example.com"}, cookie)
    assert (reply.status_code, reply.text) == (200, DONE)
    [mail] = site.outbox.mails()
    assert (mail["type"], mail["to"]) == ("verification", NEW)
    assert mail["url"].endswith("&callbackURL=%2F")
    assert await site.user(NEW) is None
    assert (await site.follow(mail["url"])).headers["location"] == "/"
    assert (await site.user(NEW) or ())[1] is verified


async def test_section_7_a_taken_address_gets_the_same_answer_and_no_mail(site: Mailing) -> None:
    cookie = await site.reader()
    await site.reader(NEW)
    reply = await site.post("change-email", {"newEmail": NEW}, cookie)
    assert (reply.status_code, reply.text) == (200, DONE)
    assert site.outbox.mails() == []


async def test_section_7_the_same_address_is_refused(site: Mailing) -> None:
    cookie = await site.reader()
    reply = await site.post("change-email", {"newEmail": "MINA@example.com"}, cookie)
    assert (reply.status_code, reply.json()) == (400, {"message": "Email is the same"})


async def test_section_7_without_session_it_is_refused_after_the_body(site: Mailing) -> None:
    reply = await site.post("change-email", {"newEmail": NEW})
    assert (reply.status_code, reply.json()) == (
        401,
        {"message": "Unauthorized", "code": "UNAUTHORIZED"},
    )
    reply = await site.post("change-email", {"newEmail": "new"})
    assert (reply.status_code, reply.json()["message"]) == (
        400,
        "[body.newEmail] Invalid email address",
    )


async def test_section_7_changing_can_be_disabled(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path, CHANGE_EMAIL="off") as site:
        reply = await site.post("change-email", {"newEmail": NEW}, await site.reader())
        assert (reply.status_code, reply.json()) == (
            400,
            {"message": "Change email is disabled", "code": "CHANGE_EMAIL_DISABLED"},
        )


async def test_section_7_without_a_sender_it_is_refused(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path, MAIL_URL="off") as site:
        reply = await site.post("change-email", {"newEmail": NEW}, await site.reader())
        assert (reply.status_code, reply.json()) == (
            400,
            {"message": "Verification email isn't enabled"},
        )


async def test_section_7_a_verified_user_confirms_from_the_old_address_first(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, CHANGE_EMAIL="confirm") as site:
        cookie = await site.reader(verified=True)
        await site.post("change-email", {"newEmail": NEW, "callbackURL": "/done"}, cookie)
        first = site.outbox.latest()
        assert (first["type"], first["to"], first["newEmail"]) == ("change-email", MINA, NEW)
        assert (await site.follow(first["url"], cookie)).headers["location"] == "/done"
        second = site.outbox.latest()
        assert (second["type"], second["to"]) == ("verification", NEW)
        assert await site.user(NEW) is None
        assert (await site.follow(second["url"], cookie)).headers["location"] == "/done"
        assert (await site.user(NEW) or ())[1] is True
        # Both links start from the old address, so neither works again.
        for link in (first, second):
            reply = await site.follow(link["url"], cookie)
            assert reply.headers["location"] == "/done?error=INVALID_TOKEN"


async def test_section_7_an_unverified_user_confirms_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, CHANGE_EMAIL="confirm") as site:
        await site.post("change-email", {"newEmail": NEW}, await site.reader())
        assert [(mail["type"], mail["to"]) for mail in site.outbox.mails()] == [
            ("verification", NEW)
        ]


async def test_section_7_an_unverified_address_can_change_at_once(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, CHANGE_EMAIL="at-once") as site:
        cookie = await site.reader()
        reply = await site.post("change-email", {"newEmail": NEW}, cookie)
        assert (reply.status_code, reply.text) == (200, DONE)
        assert cookie_of(reply) == cookie
        assert await site.user(NEW) is not None
        mail = site.outbox.latest()
        assert (mail["type"], mail["to"]) == ("verification", NEW)
        await site.follow(mail["url"])
        assert (await site.user(NEW) or ())[1] is True
        # Verified now, so the next change takes a mail.
        await site.post("change-email", {"newEmail": MINA}, cookie)
        assert await site.user(MINA) is None


async def test_changing_at_once_needs_no_sender(database_url: str, tmp_path: Path) -> None:
    settings = {"CHANGE_EMAIL": "at-once", "MAIL_URL": "off"}
    async with mailing(database_url, tmp_path, **settings) as site:
        reply = await site.post("change-email", {"newEmail": NEW}, await site.reader())
        assert (reply.status_code, reply.text) == (200, DONE)
        assert await site.user(NEW) is not None


async def test_of_many_who_take_one_address_at_once_one_gets_it(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, CHANGE_EMAIL="at-once") as site:
        cookies = [await site.reader(f"reader{n}@example.com") for n in range(5)]
        replies = await asyncio.gather(
            *(site.post("change-email", {"newEmail": NEW}, cookie) for cookie in cookies)
        )
        assert [reply.text for reply in replies] == [DONE] * 5
        assert len(site.outbox.mails()) == 1
        taken = await site.service.rows('SELECT email FROM "user" WHERE email = :new', new=NEW)
        assert taken == [(NEW,)]


async def test_a_change_needs_a_trusted_page(site: Mailing) -> None:
    cookie = await site.reader()
    reply = await site.post(
        "change-email", {"newEmail": NEW}, cookie, origin="https://evil.example"
    )
    assert (reply.status_code, reply.json()["code"]) == (403, "INVALID_ORIGIN")
    assert site.outbox.mails() == []
