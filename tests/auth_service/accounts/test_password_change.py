"""Section 7 of the reference: POST /change-password, POST /verify-password, set-password."""

import asyncio

import httpx
import pytest
from passlib.hash import argon2
from sqlalchemy import text

from auth_service.accounts.password_change import set_password
from auth_service.error_codes import Code
from auth_service.errors import Refused
from tests.auth_service.service import COOKIE, PASSWORD, Service, cookie_of, set_cookies
from tests.auth_service.signed_in import counted, post, told, waiting

NEW = "another horse battery"
WRONG = (400, {"message": "Invalid password", "code": "INVALID_PASSWORD"})
TOO_LONG = (400, {"message": "Password too long", "code": "PASSWORD_TOO_LONG"})
TOO_SHORT = (400, {"message": "Password too short", "code": "PASSWORD_TOO_SHORT"})
NO_CREDENTIAL = (
    400,
    {"message": "Credential account not found", "code": "CREDENTIAL_ACCOUNT_NOT_FOUND"},
)
CHANGE = {"newPassword": NEW, "currentPassword": PASSWORD}


async def signs_in(service: Service, password: str) -> bool:
    return (await service.sign_in(password=password)).status_code == 200


async def test_change_password_replaces_it_and_leaves_all_sessions(service: Service) -> None:
    signed_up = await service.sign_up()
    other = cookie_of(await service.sign_in())
    service.clock.advance(minutes=1)
    reply = await post(service, "change-password", cookie_of(signed_up), CHANGE)
    assert told(reply) == (200, {"token": None, "user": signed_up.json()["user"]})
    assert "set-cookie" not in reply.headers
    assert await signs_in(service, NEW)
    assert not await signs_in(service, PASSWORD)
    assert (await service.get_session(other)).text != "null"
    changed = await service.rows('SELECT "updatedAt" FROM account')
    assert changed[0][0] == service.clock.moment.replace(microsecond=123000)


async def test_change_password_can_put_a_new_session_in_place_of_all(service: Service) -> None:
    signed_up = await service.sign_up()
    other = cookie_of(await service.sign_in())
    omar = cookie_of(await service.sign_up("omar@example.com"))
    body = {**CHANGE, "revokeOtherSessions": True}
    reply = await post(service, "change-password", cookie_of(signed_up), body)
    assert reply.status_code == 200
    assert reply.json()["user"] == signed_up.json()["user"]
    token = reply.json()["token"]
    assert reply.headers["set-auth-token"].startswith(f"{token}.")
    assert "; Max-Age=604800;" in set_cookies(reply)[COOKIE]
    for ended in (cookie_of(signed_up), other):
        assert (await service.get_session(ended)).text == "null"
    session = (await service.get_session(cookie_of(reply))).json()["session"]
    assert session["token"] == token
    assert session["expiresAt"] == "2026-03-08T12:30:15.123Z"
    assert session["ipAddress"] == "203.0.113.7"
    assert (await service.get_session(omar)).text != "null"


async def test_change_password_keeps_a_session_unremembered(service: Service) -> None:
    signed_up = await service.sign_up(rememberMe=False)
    mark = "better-auth.dont_remember"
    cookies = f"{cookie_of(signed_up)}; {cookie_of(signed_up, mark)}"
    reply = await post(service, "change-password", cookies, {**CHANGE, "revokeOtherSessions": True})
    lines = set_cookies(reply)
    assert set(lines) == {COOKIE, mark}
    assert not any("Max-Age" in line for line in lines.values())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"newPassword": NEW, "currentPassword": "wrong"}, WRONG),
        ({"newPassword": NEW, "currentPassword": ""}, WRONG),
        ({"newPassword": NEW, "currentPassword": "x" * 129}, TOO_LONG),
        ({"newPassword": "x" * 129, "currentPassword": "wrong"}, TOO_LONG),
        ({"newPassword": "1234567", "currentPassword": "x" * 129}, TOO_SHORT),
        ({"newPassword": "", "currentPassword": ""}, TOO_SHORT),
    ],
)
@pytest.mark.parametrize("revoke", [True, False])
async def test_a_refused_change_changes_nothing(
    service: Service, body: dict[str, object], expected: object, revoke: bool
) -> None:
    cookie = cookie_of(await service.sign_up())
    await service.sign_in()
    before = await service.rows("SELECT * FROM account, session ORDER BY session.id")
    reply = await post(service, "change-password", cookie, {**body, "revokeOtherSessions": revoke})
    assert told(reply) == expected
    assert await service.rows("SELECT * FROM account, session ORDER BY session.id") == before


async def test_change_password_of_a_user_without_one_finds_no_credential(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    await service.write("UPDATE account SET password = NULL")
    assert told(await post(service, "change-password", cookie, CHANGE)) == NO_CREDENTIAL
    await service.write("UPDATE account SET \"providerId\" = 'google'")
    assert told(await post(service, "change-password", cookie, CHANGE)) == NO_CREDENTIAL


async def test_members_of_a_change_are_checked(service: Service) -> None:
    wrong = {"newPassword": 5, "currentPassword": None, "revokeOtherSessions": "x"}
    reply = await post(service, "change-password", None, wrong)
    assert told(reply) == (
        400,
        {
            "message": "[body.newPassword] Invalid input: expected string, received number; "
            "[body.currentPassword] Invalid input: expected string, received null; "
            "[body.revokeOtherSessions] Invalid input: expected boolean, received string",
            "code": "VALIDATION_ERROR",
        },
    )


@pytest.mark.parametrize("revoke", [True, False])
async def test_of_many_changes_at_once_exactly_one_wins(service: Service, revoke: bool) -> None:
    cookie = cookie_of(await service.sign_up())
    passwords = [f"{NEW} {number}" for number in range(10)]
    replies = await asyncio.gather(
        *(
            post(
                service,
                "change-password",
                cookie,
                {
                    "newPassword": password,
                    "currentPassword": PASSWORD,
                    "revokeOtherSessions": revoke,
                },
            )
            for password in passwords
        )
    )
    won = [
        password
        for password, reply in zip(passwords, replies, strict=True)
        if reply.status_code == 200
    ]
    # Whoever comes when the session has been replaced is not signed in any more.
    assert {reply.json().get("code") for reply in replies} <= {
        None,
        "INVALID_PASSWORD",
        "UNAUTHORIZED",
    }
    assert len(won) == 1
    assert await service.rows("SELECT count(*) FROM session") == [(1,)]
    assert await signs_in(service, won[0])
    assert not await signs_in(service, PASSWORD)


async def test_a_hash_renewed_while_it_was_checked_does_not_refuse_the_change(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    renewed = argon2.using(type="ID", memory_cost=64, time_cost=1, parallelism=1).hash(PASSWORD)
    async with service.resources.sessionmaker() as db:
        await db.execute(text("UPDATE account SET password = :hash"), {"hash": renewed})
        changing = asyncio.create_task(post(service, "change-password", cookie, CHANGE))
        await waiting(service, 1)
        await db.commit()
    assert (await changing).status_code == 200
    assert await signs_in(service, NEW)


async def test_a_change_that_is_crossed_again_and_again_is_to_come_back_later(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    changing: asyncio.Task[httpx.Response] | None = None
    # Each takes so long to check that the next is there before the change goes on.
    slow = argon2.using(type="ID", memory_cost=19_456, time_cost=20, parallelism=1)
    for renewed in [await asyncio.to_thread(slow.hash, PASSWORD) for _ in range(3)]:
        async with service.resources.sessionmaker() as db:
            await db.execute(text("UPDATE account SET password = :hash"), {"hash": renewed})
            if changing is None:
                changing = asyncio.create_task(post(service, "change-password", cookie, CHANGE))
            await waiting(service, 1)
            await db.commit()
    assert changing is not None
    reply = await changing
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert await signs_in(service, PASSWORD)


async def test_a_change_does_not_cross_the_deletion_of_its_user(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    async with service.resources.sessionmaker() as db:
        await db.execute(text('SELECT id FROM "user" FOR UPDATE'))
        body = {**CHANGE, "revokeOtherSessions": True}
        changing = asyncio.create_task(post(service, "change-password", cookie, body))
        await waiting(service, 1)
        await db.execute(text('DELETE FROM "user"'))
        await db.commit()
    assert told(await changing) == NO_CREDENTIAL


async def test_change_password_costs_four_statements_and_six_with_a_new_session(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    with counted(service) as statements:
        await post(service, "change-password", cookie, CHANGE)
    assert len(statements) == 4
    with counted(service) as statements:
        body = {"newPassword": PASSWORD, "currentPassword": NEW, "revokeOtherSessions": True}
        assert (await post(service, "change-password", cookie, body)).status_code == 200
    assert len(statements) == 6


async def test_verify_password_tells_whether_it_is_the_users(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    for password, expected in (
        (PASSWORD, (200, {"status": True})),
        ("wrong", WRONG),
        ("", WRONG),
        ("with\0nul", WRONG),
        ("x" * 129, TOO_LONG),
    ):
        reply = await post(service, "verify-password", cookie, {"password": password})
        assert told(reply) == expected
        assert "set-cookie" not in reply.headers


async def test_verify_password_of_a_user_without_one_is_invalid(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    await service.write("UPDATE account SET password = NULL")
    assert told(await post(service, "verify-password", cookie, {"password": PASSWORD})) == WRONG


async def test_verify_password_costs_two_statements(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    with counted(service) as statements:
        await post(service, "verify-password", cookie, {"password": PASSWORD})
    assert len(statements) == 2


async def set_one(service: Service, user_id: str, password: str) -> None:
    await set_password(
        service.resources.sessionmaker,
        service.resources.passwords,
        user_id=user_id,
        password=password,
        now=service.clock.moment,
    )


async def test_set_password_is_no_route(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    reply = await post(service, "set-password", cookie, {"newPassword": NEW})
    assert (reply.status_code, reply.text) == (404, "")


@pytest.mark.parametrize(
    "without", ["UPDATE account SET password = NULL", "DELETE FROM account"], ids=["null", "none"]
)
async def test_set_password_gives_one_to_a_user_without(service: Service, without: str) -> None:
    user_id = (await service.sign_up()).json()["user"]["id"]
    await service.write(without)
    async with service.resources.sessionmaker() as db:
        await db.execute(text("LOCK TABLE account"))
        setting = asyncio.gather(
            *(set_one(service, user_id, NEW) for _ in range(5)), return_exceptions=True
        )
        await waiting(service, 5)
        await db.commit()
    results = await setting
    refused = [result for result in results if isinstance(result, Refused)]
    assert [refusal.code for refusal in refused] == [Code.PASSWORD_ALREADY_SET] * 4
    assert await signs_in(service, NEW)
    assert await service.rows("SELECT count(*) FROM account") == [(1,)]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        (NEW, Code.PASSWORD_ALREADY_SET),
        ("1234567", Code.PASSWORD_TOO_SHORT),
        ("x" * 129, Code.PASSWORD_TOO_LONG),
    ],
)
async def test_set_password_replaces_none(service: Service, password: str, code: Code) -> None:
    user_id = (await service.sign_up()).json()["user"]["id"]
    with pytest.raises(Refused) as refused:
        await set_one(service, user_id, password)
    assert refused.value.code is code
    assert await signs_in(service, PASSWORD)


async def test_set_password_of_nobody_is_refused(service: Service) -> None:
    with pytest.raises(Refused) as refused:
        await set_one(service, "nobody", NEW)
    assert refused.value.code is Code.UNAUTHORIZED
