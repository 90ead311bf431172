"""Section 2.3 of the reference: the cookie cache."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.sessions.cookie_cache import cached_headers, cached_session
from auth_service.sessions.cookies import CookieRules
from tests.auth_service.service import (
    COOKIE,
    COOKIE_SECRET,
    PASSWORD,
    Service,
    cookie_of,
    make_settings,
    serving,
    set_cookies,
)
from tests.auth_service.signed_in import CLEARED, UNAUTHORIZED, counted, get, post, told

DATA = "better-auth.session_data"
RULES = CookieRules(COOKIE_SECRET.encode(), secure=False, cache=True)
DELETED = "; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"

# What Better Auth 1.7.25 made under this secret of a user with every kind of character that one
# JSON writer escapes and another does not.
TOKEN = "R6b5J3UdRf6Be3MyEfFDPDzdIW1NNUw3"
MADE = datetime(2026, 11, 22, 15, 4, 37, 724000, tzinfo=UTC)
HARD = "é日😀<>\"'\\/\u2028\u2029\x7f\x1f\b\v\t\r\n\ufeff\xa0"
BETTER_AUTHS = (
    "eyJzZXNzaW9uIjp7InNlc3Npb24iOnsiZXhwaXJlc0F0IjoiMjAyNi0xMS0yOVQxNTowNDozNy43MTdaIiwidG9rZW"
    "4iOiJSNmI1SjNVZFJmNkJlM015RWZGRFBEemRJVzFOTlV3MyIsImNyZWF0ZWRBdCI6IjIwMjYtMTEtMjJUMTU6MDQ6"
    "MzcuNzE3WiIsInVwZGF0ZWRBdCI6IjIwMjYtMTEtMjJUMTU6MDQ6MzcuNzE3WiIsImlwQWRkcmVzcyI6IiIsInVzZX"
    "JBZ2VudCI6InB5dGhvbi1odHRweC8wLjI4LjEiLCJ1c2VySWQiOiJlNzkzTVQzN01NdmdpZVYwWks4eDY5TVowVVlT"
    "NXZmSiIsImlkIjoiR1lEWXFMUXMzY3ZoNzNMRk5NYVpjdFBGUzlkZ3VKMnMifSwidXNlciI6eyJuYW1lIjoiTWluYS"
    "IsImVtYWlsIjoiNWJiODAxNWZAZXhhbXBsZS5jb20iLCJlbWFpbFZlcmlmaWVkIjpmYWxzZSwiaW1hZ2UiOm51bGws"
    "ImNyZWF0ZWRBdCI6IjIwMjYtMTEtMjJUMTU6MDQ6MzcuNzE1WiIsInVwZGF0ZWRBdCI6IjIwMjYtMTEtMjJUMTU6MD"
    "Q6MzcuNzE1WiIsInNvZnR3YXJlQmFja2dyb3VuZCI6IsOp5pel8J-YgDw-XCInXFwv4oCo4oCpf1x1MDAxZlxiXHUw"
    "MDBiXHRcclxu77u_wqAiLCJoYXJkd2FyZUJhY2tncm91bmQiOm51bGwsImludGVyZXN0QXJlYSI6bnVsbCwiaWQiOi"
    "JlNzkzTVQzN01NdmdpZVYwWks4eDY5TVowVVlTNXZmSiJ9LCJ1cGRhdGVkQXQiOjE3OTUzNTk4Nzc3MjQsInZlcnNp"
    "b24iOiIxIn0sImV4cGlyZXNBdCI6MTc5NTM2MDE3NzcyNCwic2lnbmF0dXJlIjoiVWFKX1diSGxLdk9zdURkd3RucU"
    "d6QUV2YVV5X1k5a0ttQnk5Q3RXVDVFRSJ9"
)


@pytest.fixture(scope="module")
async def caching(database_url: str) -> AsyncIterator[Service]:
    async with serving(make_settings(database_url, COOKIE_CACHE="on")) as service:
        yield service


@pytest.fixture
async def cached(caching: Service) -> Service:
    """The service with the cookie cache on, on an empty database."""
    caching.clock.reset()
    await caching.write('DELETE FROM "user"')
    return caching


def both(response: object, *names: str) -> str:
    """The Cookie header of a client that holds these cookies of a reply."""
    return "; ".join(cookie_of(response, name) for name in (COOKIE, DATA, *names))  # type: ignore[arg-type] # a reply


def opened(value: str) -> dict[str, object]:
    return dict(json.loads(base64.urlsafe_b64decode(value + "==")))


def test_a_copy_made_by_better_auth_is_read() -> None:
    session = cached_session({DATA: BETTER_AUTHS}, TOKEN, RULES, MADE)
    assert session is not None
    assert session.token == TOKEN
    assert session.user.software_background == HARD
    assert session.expires_at == datetime(2026, 11, 29, 15, 4, 37, 717000, tzinfo=UTC)
    assert session.ip_address == ""


def test_a_copy_is_made_byte_for_byte_as_better_auth_makes_it() -> None:
    session = cached_session({DATA: BETTER_AUTHS}, TOKEN, RULES, MADE)
    assert session is not None
    made = cached_headers(session, remembered=True, cookies={}, rules=RULES, now=MADE)
    line = f"{DATA}={BETTER_AUTHS}; Max-Age=300; Path=/; HttpOnly; SameSite=Lax"
    assert made == (("set-cookie", line),)


@pytest.mark.parametrize(
    "value",
    [
        "",
        BETTER_AUTHS[:-1],
        BETTER_AUTHS[:40] + "A" + BETTER_AUTHS[41:],
        "é" + BETTER_AUTHS,
        "e30",
        base64.urlsafe_b64encode(b"[" * 9000).decode(),
        base64.urlsafe_b64encode(b'{"session":{},"expiresAt":1e999,"signature":""}').decode(),
    ],
    ids=["empty", "cut off", "changed", "foreign", "empty object", "deep", "infinite"],
)
def test_a_copy_that_is_not_whole_counts_for_nothing(value: str) -> None:
    assert cached_session({DATA: value}, TOKEN, RULES, MADE) is None


def test_a_copy_counts_for_five_minutes_its_own_session_and_its_own_secret() -> None:
    copy = {DATA: BETTER_AUTHS}
    last = MADE + timedelta(minutes=5)
    assert cached_session(copy, TOKEN, RULES, last) is not None
    assert cached_session(copy, TOKEN, RULES, last + timedelta(milliseconds=1)) is None
    assert cached_session(copy, TOKEN[::-1], RULES, MADE) is None
    foreign = CookieRules(b"another secret, of no less than 32 bytes", secure=False, cache=True)
    assert cached_session(copy, TOKEN, foreign, MADE) is None


def test_a_copy_ends_with_its_session() -> None:
    session = cached_session({DATA: BETTER_AUTHS}, TOKEN, RULES, MADE)
    assert session is not None
    soon = replace(session, expires_at=MADE + timedelta(minutes=1))
    ((_, line),) = cached_headers(soon, remembered=True, cookies={}, rules=RULES, now=MADE)
    copy = {DATA: line.split("=", 1)[1].split(";")[0]}
    assert cached_session(copy, TOKEN, RULES, MADE + timedelta(seconds=59)) is not None
    assert cached_session(copy, TOKEN, RULES, MADE + timedelta(seconds=60)) is None


@given(st.text())
def test_any_text_in_its_place_is_no_session(value: str) -> None:
    assert cached_session({DATA: value, f"{DATA}.0": value}, TOKEN, RULES, MADE) is None


@given(name=st.text(st.characters(codec="utf-8")), length=st.integers(0, 9000))
def test_every_copy_is_read_back(name: str, length: int) -> None:
    session = cached_session({DATA: BETTER_AUTHS}, TOKEN, RULES, MADE)
    assert session is not None
    session = replace(session, user=replace(session.user, name=name, image="日" * length))
    lines = [
        line
        for _, line in cached_headers(session, remembered=True, cookies={}, rules=RULES, now=MADE)
    ]
    assert all(len(line) <= 4050 for line in lines)
    cookies = dict(line.split(";")[0].split("=", 1) for line in reversed(lines))
    assert cached_session(cookies, TOKEN, RULES, MADE) == session


async def test_with_the_cache_off_no_copy_is_handed_out(service: Service) -> None:
    signed_up = await service.sign_up()
    reply = await service.get_session(cookie_of(signed_up))
    assert DATA not in {**set_cookies(signed_up), **set_cookies(reply)}


async def test_sign_up_and_sign_in_hand_out_a_copy_for_five_minutes(cached: Service) -> None:
    for reply in (await cached.sign_up(), await cached.sign_in()):
        line = set_cookies(reply)[DATA]
        assert line.endswith("; Max-Age=300; Path=/; HttpOnly; SameSite=Lax")
        copy = opened(line.split(";")[0])
        session = (await cached.get_session(cookie_of(reply))).json()
        made = copy["session"]
        assert isinstance(made, dict)
        assert made == {**session, "updatedAt": made["updatedAt"], "version": "1"}
        assert copy["expiresAt"] == made["updatedAt"] + 300_000


async def test_get_session_is_answered_from_the_copy_without_a_statement(cached: Service) -> None:
    signed_up = await cached.sign_up()
    asked = await cached.get_session(cookie_of(signed_up))
    with counted(cached) as statements:
        reply = await cached.get_session(both(signed_up))
    assert reply.json() == asked.json()
    assert "set-cookie" not in reply.headers
    assert reply.headers["cache-control"] == "no-store"
    assert statements == []


async def test_get_session_without_a_copy_hands_out_one(cached: Service) -> None:
    signed_up = await cached.sign_up()
    with counted(cached) as statements:
        reply = await cached.get_session(cookie_of(signed_up))
    assert set(set_cookies(reply)) == {DATA}
    assert len(statements) == 1


async def test_a_revoked_session_lives_in_its_copy_for_five_minutes(cached: Service) -> None:
    signed_up = await cached.sign_up()
    cookies = both(signed_up)
    await cached.write("DELETE FROM session")
    cached.clock.advance(minutes=5)
    assert (await cached.get_session(cookies)).text != "null"
    cached.clock.advance(milliseconds=1)
    reply = await cached.get_session(cookies)
    assert reply.text == "null"
    assert set_cookies(reply) == CLEARED


async def test_disable_cookie_cache_reads_the_database(cached: Service) -> None:
    cookies = both(await cached.sign_up())
    reply = await cached.get_session(cookies, "?disableCookieCache=true")
    assert set(set_cookies(reply)) == {DATA}
    await cached.write("DELETE FROM session")
    assert (await cached.get_session(cookies, "?disableCookieCache=")).text != "null"
    reply = await cached.get_session(cookies, "?disableCookieCache=true")
    assert reply.text == "null"
    assert set_cookies(reply) == CLEARED


async def test_a_verification_mail_is_asked_for_by_those_who_are_signed_in_not_by_a_copy(
    cached: Service,
) -> None:
    cookies = both(await cached.sign_up())
    others = {"email": "omar@example.com"}
    refused = await post(cached, "send-verification-email", cookies, others)
    assert told(refused) == (
        400,
        {"message": "Email mismatch", "code": "EMAIL_MISMATCH"},
    )
    await cached.write("DELETE FROM session")
    # As anybody who is signed out: the answer tells nothing.
    reply = await post(cached, "send-verification-email", cookies, others)
    assert told(reply) == (200, {"status": True})
    assert set_cookies(reply) == CLEARED


async def test_a_copy_alone_is_never_a_session(cached: Service) -> None:
    signed_up = await cached.sign_up()
    for cookies in (
        cookie_of(signed_up, DATA),
        f"{cookie_of(signed_up, DATA)}; {COOKIE}={signed_up.json()['token']}",
    ):
        reply = await cached.get_session(cookies)
        assert reply.text == "null"
        assert "set-cookie" not in reply.headers


async def test_a_broken_copy_is_replaced(cached: Service) -> None:
    cookie = cookie_of(await cached.sign_up())
    parts = f"{cookie}; {DATA}.0=x; {DATA}.1=y; {DATA}.01=z"
    for cookies, expected in (
        (f"{cookie}; {DATA}=x", {DATA}),
        (parts, {DATA, f"{DATA}.0", f"{DATA}.1"}),
    ):
        reply = await cached.get_session(cookies)
        assert reply.text != "null"
        lines = set_cookies(reply)
        assert set(lines) == expected
        assert "Max-Age=300" in lines.pop(DATA)
        assert set(lines.values()) <= {DELETED}


async def test_a_broken_copy_of_an_unremembered_session_is_deleted(cached: Service) -> None:
    signed_up = await cached.sign_up(rememberMe=False)
    mark = cookie_of(signed_up, "better-auth.dont_remember")
    reply = await cached.get_session(f"{cookie_of(signed_up)}; {mark}; {DATA}=x")
    assert reply.text != "null"
    assert set_cookies(reply) == {DATA: DELETED}


async def test_somebody_elses_copy_is_not_believed(cached: Service) -> None:
    mina = await cached.sign_up()
    omar = await cached.sign_up("omar@example.com")
    for headers in (
        {"cookie": f"{cookie_of(omar)}; {cookie_of(mina, DATA)}"},
        {"cookie": both(mina), "authorization": f"Bearer {omar.json()['token']}"},
    ):
        reply = await cached.client.get("/api/auth/get-session", headers=headers)
        assert reply.json()["user"]["email"] == "omar@example.com"
        copy = opened(set_cookies(reply)[DATA].split(";")[0])
        assert copy["session"]["user"]["email"] == "omar@example.com"  # type: ignore[index] # an object


async def test_the_copy_of_an_unremembered_session_counts_a_minute(cached: Service) -> None:
    signed_up = await cached.sign_up(rememberMe=False)
    assert set_cookies(signed_up)[DATA].partition("; ")[2] == "Path=/; HttpOnly; SameSite=Lax"
    cookies = both(signed_up, "better-auth.dont_remember")
    await cached.write("DELETE FROM session")
    cached.clock.advance(minutes=1)
    assert (await cached.get_session(cookies)).text != "null"
    cached.clock.advance(milliseconds=1)
    assert (await cached.get_session(cookies)).text == "null"


async def test_a_copy_too_long_for_a_cookie_is_cut_and_joined(cached: Service) -> None:
    signed_up = await cached.sign_up()
    long = "日本" * 1500
    cut = await post(cached, "update-user", both(signed_up), {"interestArea": long})
    lines = set_cookies(cut)
    parts = [f"{DATA}.{n}" for n in range(4)]
    assert set(lines) == {COOKIE, DATA, *parts}
    assert lines[DATA] == DELETED
    assert [len(name) + 1 + len(lines[name]) for name in parts[:3]] == [4049, 4049, 4049]
    cookies = "; ".join([cookie_of(cut), *(cookie_of(cut, name) for name in reversed(parts))])
    with counted(cached) as statements:
        reply = await cached.get_session(cookies)
    assert reply.json()["user"]["interestArea"] == long
    assert statements == []
    whole = set_cookies(await post(cached, "update-user", cookies, {"interestArea": "short"}))
    assert {name: whole[name] for name in parts} == dict.fromkeys(parts, DELETED)
    assert "Max-Age=300" in whole[DATA]
    out = await post(cached, "sign-out", cookies)
    assert set_cookies(out) == CLEARED | dict.fromkeys(parts, DELETED)


async def test_a_profile_grown_beyond_one_cookie_leaves_no_short_copy_beside_the_parts(
    cached: Service,
) -> None:
    signed_up = await cached.sign_up()
    # The short copy's five minutes are over, so the request is without it, and finding the session
    # makes another, of the profile before the change.
    cut = await post(cached, "update-user", cookie_of(signed_up), {"name": "N" * 4000})
    assert set_cookies(cut)[DATA] == DELETED
    cookies = [cookie_of(cut, name) for name in (COOKIE, f"{DATA}.0", f"{DATA}.1")]
    with counted(cached) as statements:
        reply = await cached.get_session("; ".join(cookies))
    assert reply.json()["user"]["name"] == "N" * 4000
    assert statements == []


async def test_what_no_hundred_cookies_hold_is_not_copied(cached: Service) -> None:
    session = cached_session({DATA: BETTER_AUTHS}, TOKEN, RULES, MADE)
    assert session is not None
    huge = replace(session, user=replace(session.user, name="x" * 300_000))
    cookies = {DATA: "old"}
    made = cached_headers(huge, remembered=True, cookies=cookies, rules=RULES, now=MADE)
    assert made == (("set-cookie", f"{DATA}={DELETED}"),)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "change-password", {"newPassword": PASSWORD, "currentPassword": PASSWORD}),
        ("POST", "verify-password", {"password": PASSWORD}),
        ("POST", "revoke-session", {"token": "x"}),
        ("POST", "revoke-sessions", {}),
        ("POST", "revoke-other-sessions", {}),
        ("POST", "update-user", {"name": "Nina"}),
        ("POST", "update-session", {}),
        ("GET", "list-sessions", None),
        ("GET", "list-accounts", None),
    ],
)
async def test_a_route_that_matters_never_believes_the_copy_of_a_revoked_session(
    cached: Service, method: str, path: str, body: object
) -> None:
    cookies = both(await cached.sign_up())
    await cached.write("DELETE FROM session")
    reply = await (
        get(cached, path, cookies) if method == "GET" else post(cached, path, cookies, body)
    )
    assert told(reply) == UNAUTHORIZED
    assert set_cookies(reply) == CLEARED


async def test_a_jwt_is_not_given_for_the_copy_of_a_revoked_session(cached: Service) -> None:
    cookies = both(await cached.sign_up())
    await cached.write("DELETE FROM session")
    assert (await get(cached, "jwt", cookies)).status_code == 401


async def test_a_change_of_the_profile_is_in_the_next_copy(cached: Service) -> None:
    signed_up = await cached.sign_up()
    reply = await post(cached, "update-user", both(signed_up), {"name": "Nina"})
    asked = await cached.get_session(both(reply))
    assert asked.json()["user"]["name"] == "Nina"


async def test_a_renewed_session_is_copied_as_it_is_now(cached: Service) -> None:
    signed_up = await cached.sign_up()
    cached.clock.advance(days=2)
    renewed = await cached.get_session(both(signed_up))
    assert set(set_cookies(renewed)) == {COOKIE, DATA}
    with counted(cached) as statements:
        asked = await cached.get_session(both(renewed))
    assert asked.json() == renewed.json()
    assert statements == []


async def test_a_session_put_in_place_of_all_others_is_copied(cached: Service) -> None:
    signed_up = await cached.sign_up()
    body = {"newPassword": PASSWORD, "currentPassword": PASSWORD, "revokeOtherSessions": True}
    reply = await post(cached, "change-password", both(signed_up), body)
    with counted(cached) as statements:
        asked = await cached.get_session(both(reply))
    assert asked.json()["session"]["token"] == reply.json()["token"]
    assert statements == []
