"""Advisories on accounts: links spent twice or too late, members nobody may set, takeovers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.auth_service.mailed import Mailing, mailing
from tests.auth_service.service import PASSWORD, cookie_of

MINA = "mina@example.com"
OMAR = "omar@example.com"
NEW = "another long password"


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Mailing]:
    async with mailing(database_url, tmp_path) as site:
        await site.reader(MINA)
        yield site


async def reset_token(site: Mailing, email: str = MINA) -> str:
    await site.post("request-password-reset", {"email": email})
    return site.outbox.latest()["token"]


async def test_a_used_reset_token_is_refused(site: Mailing) -> None:
    token = await reset_token(site)
    assert (await site.post("reset-password", {"newPassword": NEW, "token": token})).is_success
    for path, body in (
        ("reset-password", {"newPassword": "yet another one", "token": token}),
        (f"reset-password?token={token}", {"newPassword": "yet another one"}),
    ):
        reply = await site.post(path, body)
        assert (reply.status_code, reply.json()) == (
            400,
            {"message": "Invalid token", "code": "INVALID_TOKEN"},
        )
    assert (await site.service.sign_in(password=NEW)).status_code == 200


async def test_of_two_who_spend_a_reset_token_at_once_one_sets_the_password(site: Mailing) -> None:
    for turn in range(5):
        token = await reset_token(site)
        wished = [f"password {turn} of the {who}" for who in ("owner", "thief")]
        replies = await asyncio.gather(
            *(site.post("reset-password", {"newPassword": p, "token": token}) for p in wished)
        )
        assert sorted(reply.status_code for reply in replies) == [200, 400]
        set_to = [(await site.service.sign_in(password=p)).status_code == 200 for p in wished]
        assert set_to == [reply.status_code == 200 for reply in replies]


async def test_one_readers_reset_token_sets_no_other_readers_password(site: Mailing) -> None:
    await site.reader(OMAR)
    token = await reset_token(site, OMAR)
    mina = await site.user(MINA)
    assert mina is not None
    body = {"newPassword": NEW, "token": token, "email": MINA, "userId": mina[0], "id": mina[0]}
    assert (await site.post("reset-password", body)).status_code == 200
    assert (await site.service.sign_in(MINA)).status_code == 200
    assert (await site.service.sign_in(OMAR, password=NEW)).status_code == 200


async def test_a_token_of_one_purpose_serves_no_other(site: Mailing) -> None:
    cookie = await site.reader(OMAR)
    await site.post("send-verification-email", {"email": MINA})
    verification = site.outbox.latest()["token"]
    reset = await reset_token(site)
    access = (await site.get("jwt", cookie)).json()["token"]
    session = cookie.split("=", 1)[1].split(".")[0]
    for wrong in (verification, access, session, f"reset-password:{reset}"):
        reply = await site.post("reset-password", {"newPassword": NEW, "token": wrong})
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_TOKEN")
    for wrong in (reset, access, session):
        reply = await site.get(f"verify-email?token={wrong}")
        assert (reply.status_code, reply.json()["code"]) == (401, "INVALID_TOKEN")
        reply = await site.get(f"delete-user/callback?token={wrong}", cookie)
        assert (reply.status_code, reply.json()["code"]) == (404, "INVALID_TOKEN")
    assert (await site.user(OMAR) or ())[1] is False


async def test_a_verification_link_dies_when_the_address_changes(site: Mailing) -> None:
    await site.post("send-verification-email", {"email": MINA})
    token = site.outbox.latest()["token"]
    await site.service.write('UPDATE "user" SET email = :new', new="new@example.com")
    reply = await site.get(f"verify-email?token={token}")
    assert (reply.status_code, reply.json()["code"]) == (401, "USER_NOT_FOUND")
    assert (await site.user("new@example.com") or ())[1] is False
    # Somebody else takes the address: the old link does not verify it for them.
    await site.service.sign_up(MINA)
    reply = await site.get(f"verify-email?token={token}")
    assert (reply.status_code, reply.json()["code"]) == (401, "INVALID_TOKEN")
    assert (await site.user(MINA) or ())[1] is False


async def test_a_change_of_address_dies_when_another_went_before_it(site: Mailing) -> None:
    cookie = cookie_of(await site.service.sign_in())
    links = []
    for wished in ("first@example.com", "second@example.com"):
        await site.post("change-email", {"newEmail": wished}, cookie)
        links.append(site.outbox.latest()["url"])
    assert (await site.follow(links[1])).status_code == 302
    for link in links:
        reply = await site.follow(link)
        assert reply.headers["location"] == "/?error=INVALID_TOKEN"
    assert await site.user("second@example.com") is not None
    assert await site.user("first@example.com") is None


async def test_nobody_takes_over_an_account_by_changing_to_its_address(site: Mailing) -> None:
    cookie = await site.reader(OMAR)
    site.outbox.empty()
    for spelled in (MINA, "MINA@Example.com"):
        reply = await site.post("change-email", {"newEmail": spelled}, cookie)
        assert (reply.status_code, reply.json()) == (200, {"status": True})
    assert site.outbox.mails() == []
    assert (await site.service.sign_in(MINA)).json()["user"]["name"] == "Mina"


@pytest.mark.parametrize(
    "spelled",
    [
        "m\u0131na@example.com",  # dotless i, whose capital is I
        "mina@example.com\u200b",
        "mina@e\uff58ample.com",
        "mina@example.com,evil@evil.example",
        "mina@example.com\nBcc: evil@evil.example",
        "mina@example.com%0aBcc:evil@evil.example",
        "<mina@example.com>",
        ["mina@example.com", "evil@evil.example"],
    ],
)
async def test_an_address_spelled_to_deceive_is_none(site: Mailing, spelled: object) -> None:
    cookie = await site.reader(OMAR)
    for path, body in (
        ("request-password-reset", {"email": spelled}),
        ("send-verification-email", {"email": spelled}),
        ("change-email", {"newEmail": spelled}),
        ("sign-up/email", {"name": "M", "email": spelled, "password": PASSWORD}),
    ):
        reply = await site.post(path, body, cookie)
        assert (reply.status_code, reply.json()["code"]) == (400, "VALIDATION_ERROR")
    assert site.outbox.mails() == []


async def test_a_verified_address_is_asked_before_it_is_changed(
    database_url: str, tmp_path: Path
) -> None:
    """A typing error in the new address must hand the account to nobody."""
    async with mailing(database_url, tmp_path, CHANGE_EMAIL="confirm") as site:
        cookie = await site.reader(MINA, verified=True)
        await site.post("change-email", {"newEmail": "new@example.com"}, cookie)
        assert site.outbox.latest()["to"] == MINA
        await site.follow(site.outbox.latest()["url"])
        assert await site.user(MINA) is not None
        assert site.outbox.latest()["to"] == "new@example.com"


PROTECTED = {
    "id": "another-id",
    "userId": "another-id",
    "emailVerified": True,
    "email_verified": True,
    "role": "admin",
    "banned": False,
    "createdAt": "2020-01-01T00:00:00.000Z",
    "updatedAt": "2020-01-01T00:00:00.000Z",
    "expiresAt": "2099-01-01T00:00:00.000Z",
    "ipAddress": "192.0.2.1",
    "userAgent": "mine",
    "accountId": "another-id",
    "providerId": "github",
    "user": {"emailVerified": True, "role": "admin"},
    "session": {"userId": "another-id"},
    "data": {"emailVerified": True},
    "__proto__": {"emailVerified": True, "role": "admin"},
    "constructor": {"prototype": {"role": "admin"}},
}


async def stored(site: Mailing) -> tuple[object, ...]:
    """What nobody may set of a reader, their accounts and sessions."""
    [row] = await site.service.rows(
        'SELECT u.id, u.email, u."emailVerified", u."createdAt", u."updatedAt",'
        ' array_agg(DISTINCT a."accountId" || a."providerId" || a."userId"),'
        ' array_agg(DISTINCT s."userId" || s."expiresAt" || s."createdAt" || s."ipAddress"'
        ' || s."userAgent") FROM "user" u JOIN account a ON a."userId" = u.id'
        ' JOIN session s ON s."userId" = u.id GROUP BY u.id'
    )
    return row


async def test_signing_up_sets_no_protected_member(site: Mailing) -> None:
    await site.service.write('DELETE FROM "user"')
    plain = (await site.service.sign_up()).json()["user"]
    before = await stored(site)
    for path in ("sign-up/email", "sign-up"):
        await site.service.write('DELETE FROM "user"')
        body = {"name": "Mina", "email": MINA, "password": PASSWORD, **PROTECTED}
        user = (await site.post(path, body)).json()["user"]
        assert {**plain, "id": user["id"]}.items() >= user.items()
        assert user["id"] != "another-id"
        after = await stored(site)
        assert repr(after) == repr(before).replace(str(before[0]), user["id"])


async def test_signing_up_by_a_form_sets_no_protected_member(site: Mailing) -> None:
    await site.service.write('DELETE FROM "user"')
    form = {name: str(value) for name, value in PROTECTED.items()}
    reply = await site.service.client.post(
        "/api/auth/sign-up/email",
        data={"name": "Mina", "email": MINA, "password": PASSWORD, **form},
    )
    assert reply.status_code == 200
    assert (await stored(site))[0] == reply.json()["user"]["id"] != "another-id"
    assert (await site.user(MINA) or ())[1] is False


async def test_no_route_sets_a_protected_member(site: Mailing) -> None:
    cookie = cookie_of(await site.service.sign_in())
    token = await reset_token(site)
    before = await stored(site)
    for path, body, status in (
        ("update-user", {}, 400),
        ("update-user", {"name": "Nina"}, 200),
        ("update-session", {}, 400),
        ("revoke-session", {"token": "unknown"}, 200),
        ("verify-password", {"password": PASSWORD}, 200),
        ("change-password", {"currentPassword": PASSWORD, "newPassword": NEW}, 200),
        ("reset-password", {"newPassword": PASSWORD, "token": token}, 200),
        ("send-verification-email", {"email": MINA}, 200),
        ("change-email", {"newEmail": "new@example.com"}, 200),
        ("request-password-reset", {"email": MINA}, 200),
        ("delete-user", {"password": "wrong password"}, 400),
    ):
        reply = await site.post(path, {**PROTECTED, **body}, cookie)
        assert reply.status_code == status, (path, reply.text)
        assert await stored(site) == before, path


async def test_signing_in_sets_no_protected_member(site: Mailing) -> None:
    before = await stored(site)
    reply = await site.post("sign-in/email", {"email": MINA, "password": PASSWORD, **PROTECTED})
    assert reply.status_code == 200
    assert await stored(site) == before
    found = (await site.service.get_session(cookie_of(reply))).json()["session"]
    assert (found["userAgent"], found["ipAddress"]) != ("mine", "192.0.2.1")
    assert found["expiresAt"] < "2027"
