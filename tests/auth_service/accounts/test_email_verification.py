"""Section 8 of the reference, row by row, answered as by a Better Auth 1.7.25 server."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from auth_service.accounts.email_tokens import EmailClaim, sign_claim
from tests.auth_service.mailed import Mailing, mailing
from tests.auth_service.service import COOKIE_SECRET, ORIGIN, cookie_of, set_cookies

MINA = "mina@example.com"
NEW = "new@example.com"
DONE = '{"status":true,"user":null}'
BASE = "http://localhost:3001"


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Mailing]:
    async with mailing(database_url, tmp_path) as site:
        yield site


def signed(site: Mailing, claim: EmailClaim, now: datetime | None = None) -> str:
    return sign_claim(claim, secret=COOKIE_SECRET, now=now or site.service.clock.moment)


async def id_of(site: Mailing, email: str = MINA) -> str:
    user = await site.user(email)
    assert user is not None
    return str(user[0])


async def test_section_8_asking_without_a_session_mails_a_link(site: Mailing) -> None:
    await site.reader()
    started = time.monotonic()
    reply = await site.post("send-verification-email", {"email": MINA, "callbackURL": "/a b"})
    assert time.monotonic() - started >= 0.5
    assert (reply.status_code, reply.text) == (200, '{"status":true}')
    [mail] = site.outbox.mails()
    token = signed(site, EmailClaim(MINA, await id_of(site)))
    assert mail == {
        "type": "verification",
        "to": MINA,
        "url": f"{BASE}/api/auth/verify-email?token={token}&callbackURL=%2Fa%20b",
        "token": token,
    }


async def test_section_8_an_unknown_or_verified_address_gets_the_same_answer_and_no_mail(
    site: Mailing,
) -> None:
    await site.reader(verified=True)

    async def ask(email: str) -> None:
        started = time.monotonic()
        reply = await site.post("send-verification-email", {"email": email})
        assert (reply.status_code, reply.text) == (200, '{"status":true}')
        assert time.monotonic() - started >= 0.5

    await asyncio.gather(ask(MINA), ask("nobody@example.com"))
    assert site.outbox.mails() == []


async def test_section_8_asking_with_a_session_is_for_ones_own_address(site: Mailing) -> None:
    cookie = await site.reader()
    reply = await site.post("send-verification-email", {"email": "Mina@Example.com"}, cookie)
    assert (reply.status_code, reply.text) == (200, '{"status":true}')
    assert site.outbox.latest()["url"].endswith("&callbackURL=%2F")
    reply = await site.post("send-verification-email", {"email": NEW}, cookie)
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": "Email mismatch", "code": "EMAIL_MISMATCH"},
    )
    assert len(site.outbox.mails()) == 1


async def test_section_8_a_verified_user_is_told_so(site: Mailing) -> None:
    cookie = await site.reader(verified=True)
    reply = await site.post("send-verification-email", {"email": MINA}, cookie)
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": "Email is already verified", "code": "EMAIL_ALREADY_VERIFIED"},
    )


async def test_section_8_without_a_sender_it_is_not_enabled(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, MAIL_URL="off") as site:
        reply = await site.post("send-verification-email", {"email": MINA})
        assert (reply.status_code, reply.json()) == (
            400,
            {
                "message": "Verification email isn't enabled",
                "code": "VERIFICATION_EMAIL_NOT_ENABLED",
            },
        )


async def test_section_8_following_the_link_verifies_and_signs_nobody_in(site: Mailing) -> None:
    await site.reader()
    await site.post("send-verification-email", {"email": MINA})
    token = site.outbox.latest()["token"]
    for _ in range(2):  # repeating it gives the same answer
        reply = await site.get(f"verify-email?token={token}")
        assert (reply.status_code, reply.text) == (200, DONE)
        assert "set-cookie" not in reply.headers
    assert (await site.user(MINA) or ())[1] is True


@pytest.mark.parametrize("callback", ["/a b?q=1#f", f"{ORIGIN}/done"])
async def test_section_8_the_callback_is_sent_back_unchanged(site: Mailing, callback: str) -> None:
    await site.reader()
    await site.post("send-verification-email", {"email": MINA, "callbackURL": callback})
    reply = await site.follow(site.outbox.latest()["url"])
    assert (reply.status_code, reply.content) == (302, b"")
    assert reply.headers["location"] == callback


async def test_section_8_a_link_without_user_still_verifies(site: Mailing) -> None:
    await site.reader()
    reply = await site.get(f"verify-email?token={signed(site, EmailClaim(MINA, None))}")
    assert (reply.status_code, reply.text) == (200, DONE)
    assert (await site.user(MINA) or ())[1] is True


async def test_section_8_errors_are_401_or_added_to_the_callback(site: Mailing) -> None:
    stale = signed(site, EmailClaim(MINA, None))
    site.service.clock.advance(hours=1)
    for token, code, message in (
        ("x", "INVALID_TOKEN", "Invalid token"),
        ("", "INVALID_TOKEN", "Invalid token"),
        (stale, "TOKEN_EXPIRED", "Token expired"),
        (signed(site, EmailClaim(MINA, None)), "USER_NOT_FOUND", "User not found"),
    ):
        reply = await site.get(f"verify-email?token={token}")
        assert (reply.status_code, reply.json()) == (401, {"message": message, "code": code})
        reply = await site.get(f"verify-email?token={token}&callbackURL=%2Fa%20b%3Fq%3D1%26%23f")
        assert reply.status_code == 302
        assert reply.headers["location"] == f"/a%20b?q=1&error={code}#f"
    reply = await site.get(f"verify-email?token=x&callbackURL={ORIGIN}")
    assert reply.headers["location"] == f"{ORIGIN}/?error=INVALID_TOKEN"


async def test_section_8_the_token_is_needed(site: Mailing) -> None:
    reply = await site.get("verify-email?callbackURL=//evil")
    assert (reply.status_code, reply.json()) == (
        400,
        {
            "message": "[query.token] Invalid input: expected string, received undefined",
            "code": "VALIDATION_ERROR",
        },
    )


def change(user_id: str | None, kind: str | None = "verification") -> EmailClaim:
    if kind is None:
        return EmailClaim(MINA, user_id, NEW)
    confirming = kind == "confirmation"
    step = "change-email-confirmation" if confirming else "change-email-verification"
    return EmailClaim(MINA, user_id, NEW, step)  # type: ignore[arg-type]  # one of the two


@pytest.mark.parametrize("verified", [True, False])
async def test_section_8_1_the_address_changes_and_stays_as_verified_as_it_was(
    site: Mailing, verified: bool
) -> None:
    await site.reader(verified=verified)
    user_id = await id_of(site)
    token = signed(site, change(user_id))
    reply = await site.get(f"verify-email?token={token}")
    assert reply.status_code == 200
    assert reply.json()["status"] is True
    user = reply.json()["user"]
    assert (user["id"], user["email"], user["emailVerified"]) == (user_id, NEW, verified)
    assert "set-cookie" not in reply.headers
    assert await site.user(NEW) == (user_id, verified)
    # It works once: the address it starts from is the user's no longer.
    reply = await site.get(f"verify-email?token={token}&callbackURL=/x")
    assert reply.headers["location"] == "/x?error=INVALID_TOKEN"


async def test_section_8_1_with_a_session_its_cookie_is_set_again(site: Mailing) -> None:
    cookie = await site.reader()
    token = signed(site, change(await id_of(site)))
    reply = await site.follow(f"/api/auth/verify-email?token={token}&callbackURL=/x", cookie)
    assert (reply.status_code, reply.headers["location"]) == (302, "/x")
    assert cookie_of(reply) == cookie
    assert (await site.service.get_session(cookie)).json()["user"]["email"] == NEW


async def test_section_8_1_an_unremembered_session_stays_so(site: Mailing) -> None:
    await site.reader()
    signed_in = await site.service.sign_in(rememberMe=False)
    cookie = f"{cookie_of(signed_in)}; {cookie_of(signed_in, 'better-auth.dont_remember')}"
    token = signed(site, change(await id_of(site)))
    reply = await site.follow(f"/api/auth/verify-email?token={token}", cookie)
    assert "Max-Age" not in set_cookies(reply)["better-auth.session_token"]


async def test_section_8_1_confirming_mails_the_new_address_and_changes_nothing_yet(
    site: Mailing,
) -> None:
    await site.reader(verified=True)
    user_id = await id_of(site)
    token = signed(site, change(user_id, "confirmation"))
    reply = await site.get(f"verify-email?token={token}")
    assert (reply.status_code, reply.text) == (200, '{"status":true}')
    mail = site.outbox.latest()
    assert (mail["type"], mail["to"]) == ("verification", NEW)
    assert mail["token"] == signed(site, change(user_id))
    assert mail["url"].endswith("&callbackURL=%2F")
    assert await site.user(NEW) is None
    reply = await site.get(f"verify-email?token={token}&callbackURL=/x")
    assert reply.headers["location"] == "/x"
    assert (await site.follow(site.outbox.latest()["url"])).headers["location"] == "/x"
    assert await site.user(NEW) == (user_id, True)


async def test_section_8_1_an_old_link_changes_the_address_and_asks_to_verify_it(
    site: Mailing,
) -> None:
    await site.reader(verified=True)
    user_id = await id_of(site)
    reply = await site.get(f"verify-email?token={signed(site, change(user_id, None))}")
    assert reply.json()["user"]["emailVerified"] is False
    assert await site.user(NEW) == (user_id, False)
    mail = site.outbox.latest()
    assert (mail["to"], mail["token"]) == (NEW, signed(site, EmailClaim(NEW, user_id)))


@pytest.mark.parametrize("kind", ["verification", "confirmation", None])
async def test_section_8_1_refusals_in_their_order(site: Mailing, kind: str | None) -> None:
    await site.reader()
    other = await site.reader("other@example.com")
    user_id = await id_of(site)
    for claim, cookie, code in (
        (change(None, kind), other, "INVALID_TOKEN"),
        (change("nobody", kind), other, "USER_NOT_FOUND"),
        (change(await id_of(site, "other@example.com"), kind), other, "INVALID_TOKEN"),
        (change(user_id, kind), other, "INVALID_USER"),
    ):
        link = f"/api/auth/verify-email?token={signed(site, claim)}"
        reply = await site.follow(link, cookie)
        assert (reply.status_code, reply.json()["code"]) == (401, code)
        reply = await site.follow(f"{link}&callbackURL=/x", cookie)
        assert reply.headers["location"] == f"/x?error={code}"
    assert await site.user(MINA) is not None
    assert site.outbox.mails() == []


@pytest.mark.parametrize("kind", ["verification", None])
async def test_an_address_taken_meanwhile_is_refused_cleanly(
    site: Mailing, kind: str | None
) -> None:
    await site.reader()
    token = signed(site, change(await id_of(site), kind))
    await site.service.sign_up(NEW)
    reply = await site.get(f"verify-email?token={token}")
    assert (reply.status_code, reply.json()["code"]) == (
        422,
        "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
    )
    reply = await site.get(f"verify-email?token={token}&callbackURL=/x")
    assert reply.headers["location"] == "/x?error=USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"
    assert await site.user(MINA) is not None


async def test_of_fifty_who_follow_a_link_at_once_one_changes_the_address(site: Mailing) -> None:
    await site.reader()
    token = signed(site, change(await id_of(site)))
    replies = await asyncio.gather(*(site.get(f"verify-email?token={token}") for _ in range(50)))
    assert sorted(reply.status_code for reply in replies) == [200] + [401] * 49
