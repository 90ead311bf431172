"""Advisories on sessions: whose cookie counts, which session it names, and when it ends."""

import base64
import hmac
from collections.abc import AsyncIterator
from urllib.parse import quote, unquote

import pytest

from auth_service.sessions.cookies import sign
from tests.auth_service.service import (
    COOKIE,
    COOKIE_SECRET,
    ORIGIN,
    PASSWORD,
    TOKEN_SECRET,
    Service,
    cookie_of,
    make_settings,
    serving,
)
from tests.auth_service.signed_in import get, post

CACHED = "better-auth.session_data"


@pytest.fixture
async def caching(service: Service, database_url: str) -> AsyncIterator[Service]:
    async with serving(make_settings(database_url, COOKIE_CACHE="on")) as caching:
        yield caching


def forgeries(token: str) -> list[str]:
    """A known token in cookies that its server has not signed."""
    digest = hmac.digest(COOKIE_SECRET.encode(), token.encode(), "sha256")
    return [
        token,
        f"{token}.",
        f"{token}.{'A' * 43}=",
        sign(token, b"another-conformance-of-0123456789abcd"),
        sign(token, TOKEN_SECRET.encode()),
        sign(token, b""),
        sign("x" * 32, COOKIE_SECRET.encode()).replace("x" * 32, token),
        f"{token}.{digest.hex()}",
        f"{token}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}",
        f"{token}.{base64.b64encode(digest[:16]).decode()}",
    ]


async def test_a_cookie_unsigned_or_signed_by_others_is_no_session(service: Service) -> None:
    token = (await service.sign_up()).json()["token"]
    for forged in forgeries(token):
        for value in (forged, quote(forged, safe="")):
            cookie = f"{COOKIE}={value}"
            assert (await service.get_session(cookie)).text == "null"
            assert (await get(service, "jwt", cookie)).status_code == 401
            assert (await post(service, "update-user", cookie, {"name": "N"})).status_code == 401
    good = f"{COOKIE}={quote(sign(token, COOKIE_SECRET.encode()), safe='')}"
    assert (await service.get_session(good)).json()["session"]["token"] == token


async def test_a_bearer_signed_by_others_is_no_session(service: Service) -> None:
    token = (await service.sign_up()).json()["token"]
    for forged in forgeries(token)[1:]:  # a bare token is a bearer's right
        reply = await service.client.get(
            "/api/auth/get-session", headers={"authorization": f"Bearer {forged}"}
        )
        assert reply.text == "null"


async def test_signing_out_with_a_forged_cookie_ends_nobodys_session(service: Service) -> None:
    """A hook of the multi-session plugin ended any session whose token it was shown."""
    mine = await service.sign_up()
    token = mine.json()["token"]
    for name in (COOKIE, f"{COOKIE}_multi-{token}", f"better-auth.session_token_multi-{token}"):
        for forged in forgeries(token):
            assert (await post(service, "sign-out", f"{name}={forged}", {})).status_code == 200
    assert (await service.get_session(cookie_of(mine))).json()["session"]["token"] == token


async def test_a_session_chosen_beforehand_is_not_the_one_signed_in_to(service: Service) -> None:
    attacker = await service.sign_up("omar@example.com")
    await service.sign_up()
    chosen = attacker.json()["token"]
    for cookie in (
        cookie_of(attacker),
        f"{COOKIE}={chosen}",
        f"{COOKIE}={quote(sign('x' * 32, COOKIE_SECRET.encode()), safe='')}",
    ):
        for headers in (
            {"cookie": cookie, "origin": ORIGIN},
            {"authorization": f"Bearer {unquote(cookie.partition('=')[2])}"},
        ):
            for path, email in (
                ("sign-in/email", "mina@example.com"),
                ("sign-up/email", "new@e.eu"),
            ):
                reply = await service.client.post(
                    f"/api/auth/{path}",
                    json={"name": "Mina", "email": email, "password": PASSWORD, "token": chosen},
                    headers=headers,
                )
                assert reply.json()["token"] not in {chosen, "x" * 32}
                assert reply.json()["token"] in unquote(cookie_of(reply))
                await service.write("DELETE FROM \"user\" WHERE email = 'new@e.eu'")
    kept = (await service.get_session(cookie_of(attacker))).json()
    assert kept["user"]["email"] == "omar@example.com"


async def test_no_session_survives_the_deletion_of_its_user(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    other = await service.sign_in()
    await post(service, "delete-user", cookie, {})
    for ended in (cookie, cookie_of(other)):
        assert (await service.get_session(ended)).text == "null"
        assert (await get(service, "jwt", ended)).status_code == 401
        assert (await get(service, "list-sessions", ended)).status_code == 401
    bearer = {"authorization": f"Bearer {other.json()['token']}"}
    assert (await service.client.get("/api/auth/get-session", headers=bearer)).text == "null"
    assert await service.rows("SELECT count(*) FROM session") == [(0,)]
    # The address is free, but its new owner finds nothing of the old one.
    await service.sign_up()
    assert (await service.get_session(cookie)).text == "null"


async def test_a_copy_of_a_session_opens_nothing_after_the_deletion_of_its_user(
    caching: Service,
) -> None:
    reply = await caching.sign_up()
    cookie = f"{cookie_of(reply)}; {cookie_of(reply, CACHED)}"
    assert (await post(caching, "delete-user", cookie, {})).status_code == 200
    for path in ("jwt", "list-sessions", "list-accounts"):
        assert (await get(caching, path, cookie)).status_code == 401
    for path, body in (
        ("update-user", {"name": "N"}),
        ("change-password", {"currentPassword": PASSWORD, "newPassword": "a new password"}),
        ("change-email", {"newEmail": "new@example.com"}),
        ("verify-password", {"password": PASSWORD}),
        ("revoke-sessions", {}),
    ):
        assert (await post(caching, path, cookie, body)).status_code == 401
    caching.clock.advance(minutes=5, seconds=1)
    assert (await caching.get_session(cookie)).text == "null"


async def test_a_copy_of_somebody_elses_session_is_not_believed(caching: Service) -> None:
    mina, omar = await caching.sign_up(), await caching.sign_up("omar@example.com")
    mixed = f"{cookie_of(omar)}; {cookie_of(mina, CACHED)}"
    assert (await caching.get_session(mixed)).json()["user"]["email"] == "omar@example.com"
    assert (await caching.get_session(cookie_of(mina, CACHED))).text == "null"


async def test_a_session_ended_with_all_others_signs_nobody_in(service: Service) -> None:
    stolen = cookie_of(await service.sign_up())
    mine = cookie_of(await service.sign_in())
    body = {
        "currentPassword": PASSWORD,
        "newPassword": "another long password",
        "revokeOtherSessions": True,
    }
    reply = await post(service, "change-password", mine, body)
    for ended in (stolen, mine):
        assert (await service.get_session(ended)).text == "null"
        assert (await get(service, "jwt", ended)).status_code == 401
    assert (await service.get_session(cookie_of(reply))).json()["session"]


async def test_of_doubled_cookies_a_forged_one_opens_nothing(service: Service) -> None:
    reply = await service.sign_up()
    good, forged = cookie_of(reply), f"{COOKIE}={reply.json()['token']}"
    for lines, opened in (
        ([good, forged], True),
        ([forged, good], False),
        ([forged, forged], False),
        (["theme=dark", good], True),
    ):
        headers = [("cookie", line) for line in lines]
        for path, closed in (("get-session", 200), ("jwt", 401)):
            answer = await service.client.get(f"/api/auth/{path}", headers=headers)
            assert answer.status_code == (200 if opened else closed)
            assert ("mina@example.com" in answer.text) is opened


async def test_of_doubled_credentials_the_first_count_everywhere(service: Service) -> None:
    mina = (await service.sign_up()).headers["set-auth-token"]
    omar = (await service.sign_up("omar@example.com")).headers["set-auth-token"]
    for first, second, name in ((mina, omar, "mina"), (omar, mina, "omar")):
        headers = [("authorization", f"Bearer {token}") for token in (first, second)]
        for path in ("get-session", "jwt"):
            answer = await service.client.get(f"/api/auth/{path}", headers=headers)
            assert answer.json()["user"]["email"] == f"{name}@example.com"
    headers = [("authorization", "Bearer forged.x"), ("authorization", f"Bearer {mina}")]
    assert (await service.client.get("/api/auth/get-session", headers=headers)).text == "null"


@pytest.mark.parametrize("name", ["origin", "referer"])
async def test_of_doubled_origins_one_that_is_trusted_is_not_enough(
    service: Service, name: str
) -> None:
    cookie = cookie_of(await service.sign_up())
    for path, body in (
        ("update-user", {"name": "Nina"}),
        ("sign-out", {}),
        ("sign-in/email", {"email": "mina@example.com", "password": PASSWORD}),
        ("get-session", None),
    ):
        for lines in ((ORIGIN, "https://evil.example"), ("https://evil.example", ORIGIN)):
            for headers in ([("cookie", cookie)], []):
                if not headers and path != "sign-in/email":
                    continue  # without cookies only a sign-in asks where it comes from
                reply = await service.client.post(
                    f"/api/auth/{path}",
                    json=body,
                    headers=[*headers, *((name, line) for line in lines)],
                )
                assert (reply.status_code, reply.json()["code"]) == (403, "INVALID_ORIGIN")
    assert (await service.get_session(cookie)).json()["user"]["name"] == "Mina"
