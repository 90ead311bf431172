import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from tests.auth_service.service import COOKIE, PASSWORD, Service, cookie_of, set_cookies

REMEMBERED = "; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
FOR_THIS_WINDOW = "; Path=/; HttpOnly; SameSite=Lax"


async def test_signing_up_hands_out_a_signed_session_cookie(service: Service) -> None:
    reply = await service.sign_up()
    assert reply.status_code == 200
    cookie = set_cookies(reply)[COOKIE]
    value, attributes = cookie.split(";", 1)
    token, signature = unquote(value).split(".")
    assert token == reply.json()["token"]
    assert len(signature) == 44
    assert f";{attributes}" == REMEMBERED
    assert reply.headers["set-auth-token"] == unquote(value)
    assert "set-auth-token" in reply.headers["access-control-expose-headers"]


async def test_signing_up_keeps_what_a_reader_says_of_themselves(service: Service) -> None:
    told: dict[str, Any] = {
        "softwareBackground": "Python",
        "hardwareBackground": "",
        "interestArea": None,
    }
    user = (await service.sign_up(**told)).json()["user"]
    assert {name: user[name] for name in told} == told


async def test_an_address_is_kept_in_lower_case(service: Service) -> None:
    reply = await service.sign_up("Mina@Example.COM")
    assert reply.json()["user"]["email"] == "mina@example.com"
    assert (await service.sign_in("MINA@example.com")).status_code == 200


async def test_a_taken_address_is_refused(service: Service) -> None:
    await service.sign_up()
    reply = await service.sign_up("MINA@example.com")
    assert reply.status_code == 422
    assert reply.json() == {
        "message": "User already exists. Use another email.",
        "code": "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
    }
    assert "set-cookie" not in reply.headers


async def test_of_fifty_who_take_one_address_at_once_one_gets_it(service: Service) -> None:
    replies = await asyncio.gather(*(service.sign_up() for _ in range(50)))
    assert sorted(reply.status_code for reply in replies) == [200] + [422] * 49
    assert await service.rows('SELECT count(*) FROM "user"') == [(1,)]
    assert await service.rows("SELECT count(*) FROM account") == [(1,)]
    assert await service.rows("SELECT count(*) FROM session") == [(1,)]


@pytest.mark.parametrize("path", ["/api/auth/sign-up/email", "/api/auth/sign-up"])
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("1234567", "PASSWORD_TOO_SHORT"),
        ("x" * 129, "PASSWORD_TOO_LONG"),
        ("\U0001f600" * 65, "PASSWORD_TOO_LONG"),  # 130 UTF-16 units
        ("\U0001f600" * 3, "PASSWORD_TOO_SHORT"),
    ],
)
async def test_a_password_of_the_wrong_length_is_refused(
    service: Service, path: str, password: str, code: str
) -> None:
    body = {"name": "Mina", "email": "mina@example.com", "password": password}
    reply = await service.client.post(path, json=body)
    assert (reply.status_code, reply.json()["code"]) == (400, code)


async def test_signing_up_from_a_form_works(service: Service) -> None:
    form = {"name": "Mina", "email": "mina@example.com", "password": PASSWORD}
    reply = await service.client.post("/api/auth/sign-up/email", data=form)
    assert reply.status_code == 200


async def test_a_session_remembers_where_it_was_started(service: Service) -> None:
    await service.sign_up()
    rows = await service.rows('SELECT "ipAddress", "userAgent" FROM session')
    assert rows == [("203.0.113.7", service.client.headers["user-agent"])]


async def test_each_sign_in_starts_a_session_of_its_own(service: Service) -> None:
    first = await service.sign_up()
    second = await service.sign_in()
    assert second.json()["token"] != first.json()["token"]
    for reply in (first, second):
        assert (await service.get_session(cookie_of(reply))).json() is not None


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    service: Service,
) -> None:
    await service.sign_up()
    wrong = await service.sign_in(password="another password")
    unknown = await service.sign_in("nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "INVALID_EMAIL_OR_PASSWORD"


async def test_a_user_without_a_password_cannot_sign_in_with_one(service: Service) -> None:
    await service.sign_up()
    await service.write("UPDATE account SET \"providerId\" = 'github', password = NULL")
    assert (await service.sign_in()).json()["code"] == "INVALID_EMAIL_OR_PASSWORD"


async def test_an_address_that_is_none_is_named_before_the_password(service: Service) -> None:
    reply = await service.sign_in("mina", password="x" * 129)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_EMAIL")
    reply = await service.sign_in(password="x" * 129)
    assert (reply.status_code, reply.json()["code"]) == (400, "PASSWORD_TOO_LONG")


async def test_an_unremembered_session_goes_with_the_browser_window(service: Service) -> None:
    await service.sign_up()
    reply = await service.sign_in(rememberMe=False)
    cookies = set_cookies(reply)
    assert cookies[COOKIE].endswith(FOR_THIS_WINDOW)
    assert "Max-Age" not in cookies[COOKIE]
    assert cookies["better-auth.dont_remember"] == (
        f"true.5PNKV9auFg028UL0zgrbDuquJdnpd6NASdSJrFmraHU%3D{FOR_THIS_WINDOW}"
    )
    spans = await service.rows('SELECT "expiresAt" - "createdAt" FROM session ORDER BY 1')
    assert spans == [(timedelta(days=1),), (timedelta(days=7),)]


async def test_a_remembered_sign_in_takes_off_the_mark_of_an_earlier_session(
    service: Service,
) -> None:
    mark = cookie_of(await service.sign_up(rememberMe=False), "better-auth.dont_remember")
    reply = await service.client.post(
        "/api/auth/sign-in/email",
        json={"email": "mina@example.com", "password": PASSWORD},
        headers={"cookie": mark, "origin": "http://localhost:3000"},
    )
    assert set_cookies(reply)["better-auth.dont_remember"].startswith("; Max-Age=0;")


async def test_a_callback_is_told_and_the_status_stays_200(service: Service) -> None:
    await service.sign_up()
    reply = await service.sign_in(callbackURL="/chapters/one two?x#y")
    assert reply.status_code == 200
    assert reply.json()["redirect"] is True
    assert reply.json()["url"] == reply.headers["location"] == "/chapters/one two?x#y"


async def test_a_callback_with_other_letters_is_told_unchanged(service: Service) -> None:
    await service.sign_up()
    reply = await service.sign_in(callbackURL="/kapitel/über-日本")
    assert reply.json()["url"] == "/kapitel/über-日本"
    assert unquote(reply.headers["location"]) == "/kapitel/über-日本"


async def test_an_empty_callback_leads_nowhere(service: Service) -> None:
    await service.sign_up()
    reply = await service.sign_in(callbackURL="")
    assert (reply.json()["redirect"], reply.json()["url"]) == (False, "")
    assert "location" not in reply.headers


async def test_signing_up_stores_a_user_a_credential_account_and_a_session(
    service: Service,
) -> None:
    reply = (await service.sign_up()).json()
    user_id = reply["user"]["id"]
    assert await service.rows('SELECT id FROM "user"') == [(user_id,)]
    [(account_id, provider, owner, password)] = await service.rows(
        'SELECT "accountId", "providerId", "userId", password FROM account'
    )
    assert (account_id, provider, owner) == (user_id, "credential", user_id)
    assert str(password).startswith("$argon2id$")
    assert await service.rows('SELECT token, "userId" FROM session') == [(reply["token"], user_id)]


async def test_a_name_may_be_empty(service: Service) -> None:
    reply = await service.sign_up(name="")
    assert (reply.status_code, reply.json()["user"]["name"]) == (200, "")


async def test_signing_up_with_a_callback_leads_nowhere(service: Service) -> None:
    reply = await service.sign_up(callbackURL="/welcome")
    assert reply.json().keys() == {"token", "user"}
    assert "location" not in reply.headers


@pytest.mark.parametrize("email", ["mina@example.com", "nobody@example.com"])
async def test_a_password_too_long_to_be_one_is_refused_whosever_it_is(
    service: Service, email: str
) -> None:
    await service.sign_up()
    reply = await service.sign_in(email, password="x" * 129)
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": "Password too long", "code": "PASSWORD_TOO_LONG"},
    )
    assert (await service.sign_in(email, password="x" * 128)).status_code == 401
