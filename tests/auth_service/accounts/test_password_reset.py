"""Section 9 of the reference, row by row, answered as by a Better Auth 1.7.25 server."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.auth_service.admins import events
from tests.auth_service.mailed import Mailing, mailing
from tests.auth_service.service import ORIGIN, PASSWORD

MINA = "mina@example.com"
NEW = "another long password"
REQUESTED = {
    "status": True,
    "message": "If this email exists in our system, check your email for the reset link",
}
INVALID = {"message": "Invalid token", "code": "INVALID_TOKEN"}
BASE = "http://localhost:3001"


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Mailing]:
    async with mailing(database_url, tmp_path) as site:
        await site.reader(MINA)
        yield site


async def token_for(site: Mailing, **members: object) -> str:
    reply = await site.post("request-password-reset", {"email": MINA, **members})
    assert (reply.status_code, reply.json()) == (200, REQUESTED)
    return site.outbox.latest()["token"]


async def test_section_9_asking_mails_a_link_and_stores_its_token(site: Mailing) -> None:
    token = await token_for(site, email="Mina@Example.com", redirectTo="/reset?x=a b~*&y#f")
    assert len(token) == 24
    assert token.isalnum()
    assert site.outbox.mails() == [
        {
            "type": "reset-password",
            "to": MINA,
            "url": f"{BASE}/api/auth/reset-password/{token}"
            "?callbackURL=%2Freset%3Fx%3Da%20b~*%26y%23f",
            "token": token,
        }
    ]
    [row] = await site.service.rows(
        'SELECT identifier, value, "expiresAt" - "createdAt" = interval \'1 hour\''
        " FROM verification"
    )
    user = await site.user(MINA)
    assert user is not None
    assert row == (f"reset-password:{token}", user[0], True)


async def test_section_9_without_a_page_the_link_says_so(site: Mailing) -> None:
    token = await token_for(site)
    assert site.outbox.latest()["url"].endswith(f"{token}?callbackURL=")


async def test_section_9_an_unknown_address_gets_the_same_answer_and_no_mail(
    site: Mailing,
) -> None:
    started = time.monotonic()
    reply = await site.post("request-password-reset", {"email": "nobody@example.com"})
    assert time.monotonic() - started >= 0.1
    assert (reply.status_code, reply.json()) == (200, REQUESTED)
    assert site.outbox.mails() == []


async def test_section_9_without_a_sender_it_is_disabled(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path, MAIL_URL="off") as site:
        reply = await site.post("request-password-reset", {"email": MINA})
        assert (reply.status_code, reply.json()) == (
            400,
            {"message": "Reset password isn't enabled", "code": "RESET_PASSWORD_DISABLED"},
        )


async def test_section_9_forget_password_is_gone(site: Mailing) -> None:
    reply = await site.post("forget-password", {"email": MINA})
    assert (reply.status_code, reply.content) == (404, b"")


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        (
            {"email": MINA, "redirectTo": "//evil"},
            403,
            {"message": "Invalid redirectURL", "code": "INVALID_REDIRECT_URL"},
        ),
        (
            {"email": "mina", "redirectTo": 5},
            400,
            {"message": "Invalid redirectURL: expected a string"},
        ),
        (
            {"email": "mina"},
            400,
            {"message": "[body.email] Invalid email address", "code": "VALIDATION_ERROR"},
        ),
        (
            {"email": MINA, "redirectTo": None},
            400,
            {
                "message": "[body.redirectTo] Invalid input: expected string, received null",
                "code": "VALIDATION_ERROR",
            },
        ),
    ],
)
async def test_section_9_asking_wrongly(
    site: Mailing, body: object, status: int, answer: dict[str, str]
) -> None:
    reply = await site.post("request-password-reset", body)
    assert (reply.status_code, reply.json()) == (status, answer)


@pytest.mark.parametrize(
    ("callback", "location"),
    [
        ("/reset", f"{BASE}/reset?token="),
        ("%2Freset%3Fx%3Da%20b~*%26y%26token%3D1%23f", f"{BASE}/reset?x=a+b%7E*&y=&token=#f"),
        (f"{ORIGIN}/reset", f"{ORIGIN}/reset?token="),
    ],
)
async def test_section_9_the_link_leads_on_with_the_token_and_spends_nothing(
    site: Mailing, callback: str, location: str
) -> None:
    token = await token_for(site)
    for _ in range(2):
        reply = await site.get(f"reset-password/{token}?callbackURL={callback}")
        assert (reply.status_code, reply.content) == (302, b"")
        assert reply.headers["location"] == location.replace("token=", f"token={token}")


async def test_section_9_a_bad_token_leads_on_with_an_error(site: Mailing) -> None:
    for token in ("none", "a%00b"):
        reply = await site.get(f"reset-password/{token}?callbackURL=/a")
        assert reply.status_code == 302
        assert reply.headers["location"] == f"{BASE}/a?error=INVALID_TOKEN"


async def test_section_9_an_expired_token_leads_on_with_an_error(site: Mailing) -> None:
    token = await token_for(site)
    site.service.clock.advance(seconds=3601)
    reply = await site.get(f"reset-password/{token}?callbackURL=/a")
    assert reply.headers["location"] == f"{BASE}/a?error=INVALID_TOKEN"
    reply = await site.post("reset-password", {"newPassword": NEW, "token": token})
    assert (reply.status_code, reply.json()) == (400, INVALID)


async def test_section_9_without_a_page_the_link_leads_to_the_error_page(site: Mailing) -> None:
    reply = await site.get(f"reset-password/{await token_for(site)}?callbackURL=")
    assert reply.headers["location"] == f"{BASE}/api/auth/error?error=INVALID_TOKEN"


@pytest.mark.parametrize(
    ("query", "received"), [("", "undefined"), ("?callbackURL=/a&callbackURL=/b", "array")]
)
async def test_section_9_the_link_needs_one_callback(
    site: Mailing, query: str, received: str
) -> None:
    reply = await site.get(f"reset-password/x{query}")
    assert (reply.status_code, reply.json()) == (
        400,
        {
            "message": f"[query.callbackURL] Invalid input: expected string, received {received}",
            "code": "VALIDATION_ERROR",
        },
    )


async def test_section_9_resetting_sets_the_password_and_sessions_survive(site: Mailing) -> None:
    token = await token_for(site)
    sessions = await site.service.rows("SELECT count(*) FROM session")
    reply = await site.post("reset-password", {"newPassword": NEW, "token": token})
    assert (reply.status_code, reply.text) == (200, '{"status":true}')
    assert await site.service.rows("SELECT count(*) FROM session") == sessions
    assert (await site.service.sign_in()).status_code == 401
    assert (await site.service.sign_in(password=NEW)).status_code == 200


async def test_section_9_the_token_may_be_in_the_query(site: Mailing) -> None:
    token = await token_for(site)
    reply = await site.post(f"reset-password?token={token}", {"newPassword": NEW, "token": ""})
    assert reply.status_code == 200


async def test_section_9_a_user_without_a_password_gets_one(site: Mailing) -> None:
    await site.service.write("UPDATE account SET \"providerId\" = 'github', password = NULL")
    token = await token_for(site)
    reply = await site.post("reset-password", {"newPassword": NEW, "token": token})
    assert reply.status_code == 200
    assert (await site.service.sign_in(password=NEW)).status_code == 200
    rows = await site.service.rows('SELECT "providerId" FROM account ORDER BY 1')
    assert rows == [("credential",), ("github",)]


async def test_of_fifty_who_spend_a_reset_token_at_once_one_sets_the_password(
    site: Mailing,
) -> None:
    token = await token_for(site)
    replies = await asyncio.gather(
        *(
            site.post("reset-password", {"newPassword": f"password number {n}", "token": token})
            for n in range(50)
        )
    )
    assert sorted(reply.status_code for reply in replies) == [200] + [400] * 49
    [winner] = [n for n, reply in enumerate(replies) if reply.status_code == 200]
    assert (await site.service.sign_in(password=f"password number {winner}")).status_code == 200


@pytest.mark.parametrize(
    ("password", "code"), [("short", "PASSWORD_TOO_SHORT"), ("x" * 129, "PASSWORD_TOO_LONG")]
)
async def test_section_9_a_password_of_the_wrong_length_leaves_the_token_good(
    site: Mailing, password: str, code: str
) -> None:
    token = await token_for(site)
    reply = await site.post("reset-password", {"newPassword": password, "token": token})
    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert (await site.post("reset-password", {"newPassword": NEW, "token": token})).is_success


@pytest.mark.parametrize(
    ("query", "body", "answer"),
    [
        ("", {"newPassword": "short"}, INVALID),
        ("?token=", {"newPassword": NEW, "token": ""}, INVALID),
        ("", {"newPassword": NEW, "token": "unknown"}, INVALID),
        (
            "",
            {"token": 5},
            {
                "message": "[body.newPassword] Invalid input: expected string, received undefined; "
                "[body.token] Invalid input: expected string, received number",
                "code": "VALIDATION_ERROR",
            },
        ),
        (
            "?token=a&token=b",
            {"newPassword": NEW},
            {
                "message": "[query.token] Invalid input: expected string, received array",
                "code": "VALIDATION_ERROR",
            },
        ),
    ],
)
async def test_section_9_resetting_wrongly(
    site: Mailing, query: str, body: object, answer: dict[str, str]
) -> None:
    reply = await site.post(f"reset-password{query}", body)
    assert (reply.status_code, reply.json()) == (400, answer)


async def test_section_9_the_token_of_a_deleted_user_resets_nothing(site: Mailing) -> None:
    token = await token_for(site)
    await site.service.write('DELETE FROM "user"')
    reply = await site.post("reset-password", {"newPassword": NEW, "token": token})
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": "User not found", "code": "USER_NOT_FOUND"},
    )


async def test_a_pending_token_of_a_better_auth_server_works(site: Mailing) -> None:
    user = await site.user(MINA)
    assert user is not None
    await site.service.write(
        'INSERT INTO verification (id, identifier, value, "expiresAt")'
        " VALUES ('x', 'reset-password:q3ro8CPU1J0jbg2E3NT0DZpi', :user, '2026-03-01T12:40:00Z')",
        user=user[0],
    )
    body = {"newPassword": NEW, "token": "q3ro8CPU1J0jbg2E3NT0DZpi"}
    assert (await site.post("reset-password", body)).is_success
    assert PASSWORD != NEW
    assert (await site.service.sign_in(password=NEW)).status_code == 200


async def test_sessions_end_with_a_reset_where_the_site_wishes_it(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, REVOKE_SESSIONS_ON_PASSWORD_RESET="on") as site:
        mina, omar = await site.reader(), await site.reader("omar@example.com")
        await site.post("request-password-reset", {"email": "mina@example.com"})
        token = site.outbox.latest()["token"]
        ((user_id,),) = await site.service.rows(
            "SELECT id FROM \"user\" WHERE email = 'mina@example.com'"
        )

        await site.post("reset-password", {"newPassword": NEW, "token": token})

        assert (await site.service.get_session(mina)).json() is None
        assert (await site.service.get_session(omar)).json() is not None
        assert (await events(site.service, str(user_id)))[-2:] == [
            *("password_reset", "sessions_revoked")
        ]
