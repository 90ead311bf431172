import pytest

from tests.auth_service.service import COOKIE, ORIGIN, PASSWORD, Service, cookie_of, set_cookies

CLEARED = {
    f"better-auth.{name}": "; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    for name in ("session_token", "session_data", "dont_remember")
}
DAY = 86400


async def test_without_a_session_the_answer_is_null(service: Service) -> None:
    reply = await service.client.get("/api/auth/get-session")
    assert (reply.status_code, reply.text) == (200, "null")
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["pragma"] == "no-cache"
    assert "set-cookie" not in reply.headers


async def test_a_cookie_names_its_session_and_user(service: Service) -> None:
    signed_up = await service.sign_up()
    reply = await service.get_session(cookie_of(signed_up))
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json()["user"] == signed_up.json()["user"]
    session = reply.json()["session"]
    assert session["token"] == signed_up.json()["token"]
    assert session["userId"] == signed_up.json()["user"]["id"]
    assert session["expiresAt"] == "2026-03-08T12:30:15.123Z"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_bearer_token_stands_for_the_cookie(service: Service, scheme: str) -> None:
    signed_up = await service.sign_up()
    signed = signed_up.headers["set-auth-token"]
    encoded = cookie_of(signed_up).partition("=")[2]
    for token in (signed_up.json()["token"], signed, encoded):
        reply = await service.client.get(
            "/api/auth/get-session", headers={"authorization": f"{scheme} {token}"}
        )
        assert reply.json()["user"]["email"] == "mina@example.com"


async def test_a_good_bearer_token_goes_before_the_cookie_and_a_bad_one_is_ignored(
    service: Service,
) -> None:
    mina = await service.sign_up()
    omar = await service.sign_up("omar@example.com")
    cookie = cookie_of(mina)
    for token, email in (
        (omar.json()["token"], "omar@example.com"),
        (f"{omar.json()['token']}.wrong", "mina@example.com"),
    ):
        reply = await service.client.get(
            "/api/auth/get-session", headers={"authorization": f"Bearer {token}", "cookie": cookie}
        )
        assert reply.json()["user"]["email"] == email


async def test_a_cookie_with_a_wrong_signature_counts_as_none(service: Service) -> None:
    token = (await service.sign_up()).json()["token"]
    forged = "A" * 43 + "="
    for value in (token, f"{token}.{forged}", f"{token}.", ".", "%", f"{token}.%ff"):
        reply = await service.get_session(f"{COOKIE}={value}")
        assert reply.text == "null"
        assert "set-cookie" not in reply.headers


async def test_an_ended_session_is_null_and_its_cookies_are_cleared(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    await service.write("DELETE FROM session")
    reply = await service.get_session(cookie)
    assert reply.text == "null"
    assert set_cookies(reply) == CLEARED


async def test_an_expired_session_is_deleted_and_its_cookies_are_cleared(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=7)
    reply = await service.get_session(cookie)
    assert reply.text == "null"
    assert set_cookies(reply) == CLEARED
    assert await service.rows("SELECT count(*) FROM session") == [(0,)]


async def test_a_session_is_extended_once_a_day(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(seconds=DAY - 1)
    assert "set-cookie" not in (await service.get_session(cookie)).headers
    service.clock.advance(seconds=1)
    reply = await service.get_session(cookie)
    assert reply.json()["session"]["expiresAt"] == "2026-03-09T12:30:15.123Z"
    assert reply.json()["session"]["updatedAt"] == "2026-03-02T12:30:15.123Z"
    assert cookie_of(reply) == cookie
    assert "; Max-Age=604800;" in set_cookies(reply)[COOKIE]
    assert reply.headers["set-auth-token"]
    stored = await service.rows('SELECT "expiresAt" FROM session')
    assert stored[0][0] == service.clock.moment.replace(day=9, microsecond=123000)


async def test_a_session_is_not_extended_when_the_caller_asks_so(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=2)
    reply = await service.get_session(cookie, "?disableRefresh=true")
    assert "set-cookie" not in reply.headers
    assert reply.json()["session"]["expiresAt"] == "2026-03-08T12:30:15.123Z"
    assert "set-cookie" in (await service.get_session(cookie, "?disableRefresh=")).headers


@pytest.mark.parametrize("value", ["false", "0", "no", "%20"])
async def test_any_text_that_is_not_empty_says_yes(service: Service, value: str) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=2)
    reply = await service.get_session(cookie, f"?disableRefresh={value}")
    assert "set-cookie" not in reply.headers


async def test_what_started_a_session_and_is_unknown_is_an_empty_text(service: Service) -> None:
    reply = await service.client.post(
        "/api/auth/sign-up/email",
        json={"name": "Mina", "email": "mina@example.com", "password": PASSWORD},
        headers={"user-agent": ""},
    )
    found = (await service.get_session(cookie_of(reply))).json()
    assert found["session"]["userAgent"] == ""


async def test_an_unremembered_session_is_not_extended(service: Service) -> None:
    signed_up = await service.sign_up(rememberMe=False)
    mark = cookie_of(signed_up, "better-auth.dont_remember")
    service.clock.advance(hours=23)
    reply = await service.get_session(f"{cookie_of(signed_up)}; {mark}")
    assert reply.json()["session"]["expiresAt"] == "2026-03-02T12:30:15.123Z"
    assert "set-cookie" not in reply.headers


async def test_a_cached_session_left_by_another_server_is_cleared(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    cached = "better-auth.session_data=x; better-auth.session_data.0=y; better-auth.session_datum=z"
    for cookies in (f"{cookie}; {cached}", cached):
        cleared = set_cookies(await service.get_session(cookies))
        assert set(cleared) == {"better-auth.session_data", "better-auth.session_data.0"}


async def test_posting_to_get_session_is_refused_in_better_auths_words(service: Service) -> None:
    reply = await service.client.post("/api/auth/get-session")
    assert reply.status_code == 405
    assert reply.json()["code"] == "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"
    reply = await service.client.post("/api/auth/get-session", headers={"cookie": "a=b"})
    assert (reply.status_code, reply.json()["code"]) == (403, "MISSING_OR_NULL_ORIGIN")


async def test_signing_out_ends_the_session_and_clears_its_cookies(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    reply = await service.client.post(
        "/api/auth/sign-out", headers={"cookie": cookie, "origin": ORIGIN}
    )
    assert (reply.status_code, reply.json()) == (200, {"success": True})
    assert set_cookies(reply) == CLEARED
    assert (await service.get_session(cookie)).text == "null"


async def test_signing_out_without_a_session_is_as_good(service: Service) -> None:
    for body in (None, {}, {"state": "x", "disableRedirect": True, "unknown": 1}):
        reply = await service.client.post("/api/auth/sign-out", json=body)
        assert (reply.status_code, reply.json()) == (200, {"success": True})
        assert set_cookies(reply) == CLEARED


async def test_signing_out_ends_no_other_session(service: Service) -> None:
    kept = cookie_of(await service.sign_up())
    ended = (await service.sign_in()).json()["token"]
    await service.client.post("/api/auth/sign-out", headers={"authorization": f"Bearer {ended}"})
    assert (await service.get_session(kept)).text != "null"
