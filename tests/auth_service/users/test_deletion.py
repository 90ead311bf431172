"""Section 7 of the reference, delete-user and its callback, row by row."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.auth_service.mailed import Mailing, mailing
from tests.auth_service.service import ORIGIN, PASSWORD

MINA = "mina@example.com"
DELETED = '{"success":true,"message":"User deleted"}'
MAILED = '{"success":true,"message":"Verification email sent"}'
INVALID = {"message": "Invalid token", "code": "INVALID_TOKEN"}
CLEARED = [
    f"better-auth.{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    for name in ("session_token", "session_data", "dont_remember")
]
BASE = "http://localhost:3001"


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Mailing]:
    async with mailing(database_url, tmp_path) as site:
        yield site


@pytest.fixture
async def by_mail(database_url: str, tmp_path: Path) -> AsyncIterator[Mailing]:
    async with mailing(database_url, tmp_path, DELETE_USER="mail") as site:
        yield site


async def gone(site: Mailing) -> bool:
    counts = await site.service.rows(
        'SELECT (SELECT count(*) FROM "user"), (SELECT count(*) FROM session),'
        " (SELECT count(*) FROM account)"
    )
    return counts == [(0, 0, 0)]


async def token_for(site: Mailing, cookie: str, **members: object) -> str:
    reply = await site.post("delete-user", members, cookie)
    assert (reply.status_code, reply.text) == (200, MAILED)
    return site.outbox.latest()["token"]


async def test_section_7_a_fresh_session_deletes_its_user(site: Mailing) -> None:
    cookie = await site.reader()
    await site.service.sign_in()
    reply = await site.post("delete-user", {}, cookie)
    assert (reply.status_code, reply.text) == (200, DELETED)
    assert reply.headers.get_list("set-cookie") == CLEARED
    assert await gone(site)
    reply = await site.post("delete-user", {}, cookie)
    assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHORIZED")
    assert reply.headers.get_list("set-cookie") == CLEARED


async def test_section_7_api_keys_stay(site: Mailing) -> None:
    cookie = await site.reader()
    await site.service.write("DELETE FROM apikey")
    await site.service.write(
        'INSERT INTO apikey (id, "configId", "referenceId", key, "createdAt", "updatedAt")'
        " SELECT 'k', 'default', id, 'hash', now(), now() FROM \"user\""
    )
    await site.post("delete-user", {}, cookie)
    assert await site.service.rows("SELECT id FROM apikey") == [("k",)]


async def test_section_7_other_users_stay(site: Mailing) -> None:
    cookie = await site.reader()
    other = await site.reader("other@example.com")
    await site.post("delete-user", {}, cookie)
    assert (await site.service.get_session(other)).json() is not None


async def test_section_7_a_stale_session_needs_the_password(site: Mailing) -> None:
    cookie = await site.reader()
    site.service.clock.advance(days=1)
    reply = await site.post("delete-user", {}, cookie)
    assert (reply.status_code, reply.json()) == (
        400,
        {
            "message": "Session expired. Re-authenticate to perform this action.",
            "code": "SESSION_EXPIRED",
        },
    )
    reply = await site.post("delete-user", {"password": PASSWORD}, cookie)
    assert (reply.status_code, reply.text) == (200, DELETED)


@pytest.mark.parametrize(
    ("password", "code"), [("wrong", "INVALID_PASSWORD"), ("x" * 129, "PASSWORD_TOO_LONG")]
)
async def test_section_7_a_wrong_password_deletes_nobody(
    site: Mailing, password: str, code: str
) -> None:
    cookie = await site.reader()
    reply = await site.post("delete-user", {"password": password}, cookie)
    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert await site.user(MINA) is not None


async def test_section_7_a_user_without_password_cannot_give_one(site: Mailing) -> None:
    cookie = await site.reader()
    await site.service.write("UPDATE account SET \"providerId\" = 'github', password = NULL")
    reply = await site.post("delete-user", {"password": PASSWORD}, cookie)
    assert (reply.status_code, reply.json()["code"]) == (400, "CREDENTIAL_ACCOUNT_NOT_FOUND")


async def test_section_7_without_session_it_is_refused(site: Mailing) -> None:
    reply = await site.post("delete-user", {})
    assert (reply.status_code, reply.json()) == (
        401,
        {"message": "Unauthorized", "code": "UNAUTHORIZED"},
    )


@pytest.mark.parametrize("body", [None, []])
async def test_section_7_the_body_must_be_an_object(site: Mailing, body: object) -> None:
    reply = await site.post("delete-user", body)
    received = "undefined" if body is None else "array"
    assert (reply.status_code, reply.json()["message"]) == (
        400,
        f"[body] Invalid input: expected object, received {received}",
    )


async def test_section_7_deletion_can_be_disabled(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path, DELETE_USER="off") as site:
        cookie = await site.reader()
        reply = await site.post("delete-user", {}, cookie)
        assert (reply.status_code, reply.content) == (404, b"")
        reply = await site.get("delete-user/callback?token=x", cookie)
        assert (reply.status_code, reply.json()) == (
            404,
            {"message": "Not found", "code": "NOT_FOUND"},
        )


async def test_section_7_with_a_deletion_mail_the_link_comes_first(by_mail: Mailing) -> None:
    cookie = await by_mail.reader()
    token = await token_for(by_mail, cookie, callbackURL="/bye bye")
    assert len(token) == 32
    assert by_mail.outbox.mails() == [
        {
            "type": "delete-user",
            "to": MINA,
            "url": f"{BASE}/api/auth/delete-user/callback?token={token}&callbackURL=%2Fbye%20bye",
            "token": token,
        }
    ]
    [row] = await by_mail.service.rows(
        'SELECT identifier, "expiresAt" - "createdAt" = interval \'1 day\' FROM verification'
    )
    assert row == (f"delete-account-{token}", True)
    assert await by_mail.user(MINA) is not None


async def test_section_7_following_the_link_deletes_and_leads_on(by_mail: Mailing) -> None:
    cookie = await by_mail.reader()
    await token_for(by_mail, cookie, callbackURL=f"{ORIGIN}/bye")
    reply = await by_mail.follow(by_mail.outbox.latest()["url"], cookie)
    assert (reply.status_code, reply.headers["location"]) == (302, f"{ORIGIN}/bye")
    assert reply.headers.get_list("set-cookie") == CLEARED
    assert await gone(by_mail)


async def test_section_7_the_callback_answers_where_none_is_named(by_mail: Mailing) -> None:
    cookie = await by_mail.reader()
    token = await token_for(by_mail, cookie)
    reply = await by_mail.get(f"delete-user/callback?token={token}", cookie)
    assert (reply.status_code, reply.text) == (200, DELETED)
    assert await gone(by_mail)


async def test_section_7_the_token_may_be_posted(by_mail: Mailing) -> None:
    cookie = await by_mail.reader()
    token = await token_for(by_mail, cookie, password=PASSWORD)
    by_mail.service.clock.advance(hours=23)
    reply = await by_mail.post("delete-user", {"token": token}, cookie)
    assert (reply.status_code, reply.text) == (200, DELETED)
    assert await gone(by_mail)


async def test_section_7_a_wrong_or_expired_token_deletes_nobody(by_mail: Mailing) -> None:
    cookie = await by_mail.reader()
    token = await token_for(by_mail, cookie)
    by_mail.service.clock.advance(hours=24, seconds=1)
    for tried in ("unknown", token):
        reply = await by_mail.post("delete-user", {"token": tried}, cookie)
        assert (reply.status_code, reply.json()) == (404, INVALID)
        reply = await by_mail.get(f"delete-user/callback?token={tried}", cookie)
        assert (reply.status_code, reply.json()) == (404, INVALID)
    assert await by_mail.user(MINA) is not None


async def test_section_7_the_link_needs_the_session(by_mail: Mailing) -> None:
    token = await token_for(by_mail, await by_mail.reader())
    reply = await by_mail.get(f"delete-user/callback?token={token}")
    assert (reply.status_code, reply.json()) == (
        404,
        {"message": "Failed to get user info", "code": "FAILED_TO_GET_USER_INFO"},
    )
    assert await by_mail.user(MINA) is not None


async def test_section_7_the_link_needs_a_token(site: Mailing) -> None:
    reply = await site.get("delete-user/callback")
    assert reply.json()["message"] == (
        "[query.token] Invalid input: expected string, received undefined"
    )


async def test_in_other_hands_a_deletion_token_deletes_nobody_and_stays_good(
    by_mail: Mailing,
) -> None:
    cookie = await by_mail.reader()
    other = await by_mail.reader("other@example.com")
    token = await token_for(by_mail, cookie)
    reply = await by_mail.get(f"delete-user/callback?token={token}", other)
    assert (reply.status_code, reply.json()) == (404, INVALID)
    assert await by_mail.user("other@example.com") is not None
    assert await by_mail.user(MINA) is not None
    assert (await by_mail.get(f"delete-user/callback?token={token}", cookie)).status_code == 200


async def test_of_fifty_who_spend_a_deletion_token_at_once_one_deletes(by_mail: Mailing) -> None:
    cookie = await by_mail.reader()
    token = await token_for(by_mail, cookie)
    replies = await asyncio.gather(
        *(by_mail.get(f"delete-user/callback?token={token}", cookie) for _ in range(25)),
        *(by_mail.post("delete-user", {"token": token}, cookie) for _ in range(25)),
    )
    statuses = [reply.status_code for reply in replies]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 404}
    assert await gone(by_mail)
