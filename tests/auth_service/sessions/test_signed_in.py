"""Sections 1.2, 5 and 5.3 of the reference: who may pass, and the order of checks."""

import pytest

from tests.auth_service.service import (
    ORIGIN,
    Service,
    cookie_of,
    make_settings,
    serving,
    set_cookies,
)
from tests.auth_service.signed_in import CLEARED, UNAUTHORIZED, get, post, told

GOOD_BODIES: dict[str, object] = {
    "revoke-session": {"token": "x"},
    "revoke-sessions": {},
    "revoke-other-sessions": {},
    "update-session": {},
    "update-user": {"name": "Mina"},
    "change-password": {"newPassword": "a new password", "currentPassword": "x"},
    "verify-password": {"password": "x"},
}
# What Zod says of a wrong body; the two revoke-… without a description take any.
WRONG_BODIES = {
    "revoke-session": "[body.token] Invalid input: expected string, received undefined",
    "change-password": "[body.newPassword] Invalid input: expected string, received undefined; "
    "[body.currentPassword] Invalid input: expected string, received undefined",
    "verify-password": "[body.password] Invalid input: expected string, received undefined",
}
READING = ("list-sessions", "list-accounts")


@pytest.mark.parametrize("path", [*GOOD_BODIES, *READING])
async def test_without_a_session_a_route_for_signed_in_readers_is_unauthorized(
    service: Service, path: str
) -> None:
    reply = await (
        get(service, path) if path in READING else post(service, path, None, GOOD_BODIES[path])
    )
    assert told(reply) == UNAUTHORIZED
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("path", [*GOOD_BODIES, *READING])
async def test_an_ended_session_is_unauthorized_and_its_cookies_are_cleared(
    service: Service, path: str
) -> None:
    cookie = cookie_of(await service.sign_up())
    await service.write("DELETE FROM session")
    reply = await (
        get(service, path, cookie)
        if path in READING
        else post(service, path, cookie, GOOD_BODIES[path])
    )
    assert told(reply) == UNAUTHORIZED
    assert set_cookies(reply) == CLEARED


async def test_an_expired_session_is_unauthorized_and_deleted(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=7)
    assert told(await post(service, "revoke-other-sessions", cookie)) == UNAUTHORIZED
    assert await service.rows("SELECT count(*) FROM session") == [(0,)]


@pytest.mark.parametrize("path", WRONG_BODIES)
async def test_a_wrong_body_is_named_before_the_session_is_asked_for(
    service: Service, path: str
) -> None:
    expected = {"message": WRONG_BODIES[path], "code": "VALIDATION_ERROR"}
    assert told(await post(service, path, None, {})) == (400, expected)


@pytest.mark.parametrize("path", ["update-user", "update-session"])
@pytest.mark.parametrize(
    ("body", "received"), [([], "array"), ("x", "string"), (None, "undefined")]
)
async def test_a_body_that_is_no_record_is_named_before_the_session_is_asked_for(
    service: Service, path: str, body: object, received: str
) -> None:
    message = f"[body] Invalid input: expected record, received {received}"
    reply = await post(service, path, None, body)
    assert told(reply) == (400, {"message": message, "code": "VALIDATION_ERROR"})


@pytest.mark.parametrize("path", GOOD_BODIES)
async def test_origin_and_kind_of_body_are_checked_first(service: Service, path: str) -> None:
    url = f"/api/auth/{path}"
    form = await service.client.post(url, data={"a": "b"})
    assert (form.status_code, form.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert form.json()["message"].endswith("Allowed types: application/json")
    broken = await service.client.post(
        url, content="{", headers={"content-type": "application/json"}
    )
    assert (broken.status_code, broken.json()["code"]) == (400, "BAD_REQUEST")
    for origin, code in (
        ({}, "MISSING_OR_NULL_ORIGIN"),
        ({"origin": "http://evil.example"}, "INVALID_ORIGIN"),
    ):
        cookie = {"cookie": "better-auth.session_token=x"}
        foreign = await service.client.post(url, json={}, headers=cookie | origin)
        assert (foreign.status_code, foreign.json()["code"]) == (403, code)


@pytest.mark.parametrize("path", GOOD_BODIES)
async def test_a_redirect_to_a_foreign_place_is_refused(service: Service, path: str) -> None:
    reply = await post(service, path, None, {"callbackURL": "//evil.example"})
    assert (reply.status_code, reply.json()["code"]) == (403, "INVALID_CALLBACK_URL")


async def test_list_sessions_asks_for_a_session_started_within_a_day(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(seconds=86399)
    assert (await get(service, "list-sessions", cookie)).status_code == 200
    service.clock.advance(seconds=1)
    reply = await get(service, "list-sessions", cookie)
    assert told(reply) == (403, {"message": "Session is not fresh", "code": "SESSION_NOT_FRESH"})


async def test_a_renewed_session_is_not_fresh_again_but_its_cookie_is_set(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=2)
    reply = await get(service, "list-sessions", cookie)
    assert reply.json()["code"] == "SESSION_NOT_FRESH"
    assert cookie_of(reply) == cookie
    assert reply.headers["set-auth-token"]
    assert reply.headers["access-control-expose-headers"] == "set-auth-token"
    again = await get(service, "list-sessions", cookie)
    assert again.json()["code"] == "SESSION_NOT_FRESH"
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("update-user", {"name": "Mina"}, 200),
        ("update-user", {}, 400),
        ("update-session", {}, 400),
        ("revoke-session", {"token": "unknown"}, 200),
        ("revoke-other-sessions", None, 200),
        ("verify-password", {"password": "wrong"}, 400),
        ("change-password", {"newPassword": "short", "currentPassword": "x"}, 400),
    ],
)
async def test_any_route_that_finds_a_session_renews_it_once_in_its_reply(
    service: Service, path: str, body: object, status: int
) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=2)
    reply = await post(service, path, cookie, body)
    assert reply.status_code == status
    assert cookie_of(reply) == cookie  # set_cookies finds no cookie twice
    assert reply.headers.get_list("set-auth-token") == [reply.headers["set-auth-token"]]
    renewed = await service.rows('SELECT "expiresAt" FROM session')
    assert renewed[0][0] == service.clock.moment.replace(day=10, microsecond=123000)


async def test_list_accounts_renews_the_session_unless_asked_not_to(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=2)
    kept = await get(service, "list-accounts?disableRefresh=true", cookie)
    assert "set-cookie" not in kept.headers
    renewed = await get(service, "list-accounts", cookie)
    assert cookie_of(renewed) == cookie


async def test_a_leftover_copy_of_a_session_is_cleared_by_any_route(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    reply = await get(service, "list-accounts", f"{cookie}; better-auth.session_data.3=x")
    assert set(set_cookies(reply)) == {"better-auth.session_data.3"}


@pytest.mark.parametrize("path", READING)
async def test_while_the_database_is_away_the_answer_is_to_come_back_later(path: str) -> None:
    nowhere = make_settings("postgresql://role:secret@127.0.0.1:1/database")
    async with serving(nowhere) as service:
        reply = await service.client.get(
            f"/api/auth/{path}", headers={"authorization": "Bearer token"}
        )
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")


async def test_a_bearer_needs_no_origin(service: Service) -> None:
    token = (await service.sign_up()).json()["token"]
    reply = await service.client.post(
        "/api/auth/update-user",
        json={"name": "Nina"},
        headers={"authorization": f"Bearer {token}", "origin": f"{ORIGIN}0"},
    )
    assert told(reply) == (200, {"status": True})
    assert reply.headers["set-auth-token"].startswith(f"{token}.")
