"""Refresh tokens handed out: to whom, and how."""

from collections.abc import AsyncIterator

import pytest

from tests.auth_service.refresh import (
    EXPIRED,
    INVALID,
    REFRESH_COOKIE,
    REFRESH_PATH,
    WEEK,
    granted,
    refresh_cookie,
    use,
    use_cookie,
)
from tests.auth_service.service import (
    COOKIE,
    ORIGIN,
    PASSWORD,
    Service,
    cookie_of,
    make_settings,
    serving,
    set_cookies,
)
from tests.auth_service.signed_in import counted, get, told
from tests.auth_service.tokens.test_routes import claims_of

CLEARED = f"; Max-Age=0; Path={REFRESH_PATH}; HttpOnly; SameSite=Lax"


async def test_each_way_to_sign_up_and_in_grants_one_on_request(service: Service) -> None:
    tokens = [await granted(service)]
    signed_in = await service.sign_in(grant="refresh")
    assert set(signed_in.json()) == {"redirect", "token", "user", "refreshToken"}
    assert signed_in.headers["cache-control"] == "no-store"
    tokens.append(signed_in.json()["refreshToken"])
    body = {"name": "Omar", "email": "omar@example.com", "password": PASSWORD, "grant": "refresh"}
    for path in ("sign-up", "sign-in"):
        one_call = (await service.client.post(f"/api/auth/{path}", json=body)).json()
        assert set(one_call) == {"token", "user", "refreshToken", "expiresIn"}
        assert one_call["expiresIn"] == WEEK
        tokens.append(one_call["refreshToken"])
    cookie = cookie_of(signed_in)
    exchanged = (await get(service, "jwt?grant=refresh", cookie)).json()
    assert set(exchanged) == {"token", "user", "refreshToken", "expiresIn"}
    tokens.append(exchanged["refreshToken"])
    assert {len(token) for token in tokens} == {86}
    assert len(set(tokens)) == 5
    for token in tokens:
        assert (await use(service, token)).status_code == 200


async def test_a_token_of_the_session_by_bearer_is_granted_one_as_well(service: Service) -> None:
    signed_up = (await service.sign_up()).json()
    bearer = {"authorization": f"Bearer {signed_up['token']}"}
    reply = await service.client.get("/api/auth/jwt?grant=refresh", headers=bearer)
    refreshed = (await use(service, reply.json()["refreshToken"])).json()
    assert claims_of(refreshed["token"])["sub"] == signed_up["user"]["id"]


async def test_without_being_asked_nobody_is_granted_one(service: Service) -> None:
    signed_up = await service.sign_up()
    assert set(signed_up.json()) == {"token", "user"}
    signed_in = await service.sign_in()
    assert set(signed_in.json()) == {"redirect", "token", "user"}
    cookie = cookie_of(signed_in)
    for query in ("", "?other=refresh", "?refreshTransport=cookie"):
        assert set((await get(service, f"jwt{query}", cookie)).json()) == {"token", "user"}
    for reply in (signed_up, signed_in):
        assert set(set_cookies(reply)) == {COOKIE}
        assert reply.headers["cache-control"] == "no-store"
    assert await service.rows("SELECT * FROM refresh_token") == []


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"grant": "rfresh"}, '[{}.grant] Invalid input: expected "refresh"'),
        (
            {"grant": "refresh", "refreshTransport": "header"},
            '[{}.refreshTransport] Invalid option: expected one of "json"|"cookie"',
        ),
    ],
)
async def test_what_is_asked_for_wrongly_is_named(
    service: Service, members: dict[str, str], problem: str
) -> None:
    cookie = cookie_of(await service.sign_up())
    replies = [
        (await service.sign_in(**members), "body"),
        (await service.sign_up("omar@example.com", **members), "body"),
        (await service.client.get("/api/auth/jwt", params=members, headers={"cookie": cookie}), ""),
    ]
    for reply, where in replies:
        message = problem.format(where or "query")
        assert told(reply) == (400, {"message": message, "code": "VALIDATION_ERROR"})


async def test_asking_costs_no_statement_where_nobody_asks(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    with counted(service) as statements:
        await get(service, "jwt", cookie)
    assert len(statements) == 1


async def test_a_link_on_a_foreign_site_has_nothing_granted(service: Service) -> None:
    headers = {
        "cookie": cookie_of(await service.sign_up()),
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
    }
    reply = await service.client.get("/api/auth/jwt?grant=refresh", headers=headers)
    assert reply.json()["code"] == "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"
    assert await service.rows("SELECT * FROM refresh_token") == []
    assert (await service.client.get("/api/auth/jwt", headers=headers)).status_code == 200


async def test_a_session_has_ten_families_at_most_and_keeps_the_newest(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    tokens = []
    for _ in range(12):
        service.clock.advance(seconds=1)
        reply = await get(service, "jwt?grant=refresh", cookie)
        tokens.append(reply.json()["refreshToken"])
    statuses = [(await use(service, token)).status_code for token in tokens]
    assert statuses == [401] * 2 + [200] * 10


# In a cookie


async def test_a_browser_gets_it_in_a_cookie_that_goes_nowhere_else(service: Service) -> None:
    wanted = {"grant": "refresh", "refreshTransport": "cookie"}
    signed_up = await service.sign_up(**wanted)
    assert set(signed_up.json()) == {"token", "user"}
    attributes = f"; Max-Age={WEEK}; Path={REFRESH_PATH}; HttpOnly; SameSite=Lax"
    assert set_cookies(signed_up)[REFRESH_COOKIE].endswith(attributes)
    exchanged = await service.client.get(
        "/api/auth/jwt", params=wanted, headers={"cookie": cookie_of(signed_up)}
    )
    assert set(exchanged.json()) == {"token", "user", "expiresIn"}
    for reply in (signed_up, exchanged):
        service.clock.advance(minutes=15)
        refreshed = await use_cookie(service, refresh_cookie(reply))
        assert set(refreshed.json()) == {"token", "expiresIn"}
        assert set_cookies(refreshed)[REFRESH_COOKIE].endswith(attributes)
        assert refresh_cookie(refreshed) != refresh_cookie(reply)
        assert (await use_cookie(service, refresh_cookie(refreshed))).status_code == 200


async def test_the_cookie_counts_only_from_a_trusted_page(service: Service) -> None:
    signed_up = await service.sign_up(grant="refresh", refreshTransport="cookie")
    cookie = refresh_cookie(signed_up)
    headers = {"cookie": cookie}
    without = await service.client.post(REFRESH_PATH, headers=headers)
    assert (without.status_code, without.json()["code"]) == (403, "MISSING_OR_NULL_ORIGIN")
    foreign = await use_cookie(service, cookie, "https://evil.example")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "INVALID_ORIGIN")
    assert (await use_cookie(service, cookie)).status_code == 200


async def test_a_token_in_the_body_goes_before_the_cookie_and_hides_it(service: Service) -> None:
    signed_up = await service.sign_up(grant="refresh", refreshTransport="cookie")
    headers = {"cookie": refresh_cookie(signed_up), "origin": ORIGIN}
    reply = await service.client.post(REFRESH_PATH, json={"refreshToken": ""}, headers=headers)
    assert told(reply) == INVALID
    assert "set-cookie" not in reply.headers


async def test_a_dead_cookie_is_cleared(service: Service) -> None:
    signed_up = await service.sign_up(grant="refresh", refreshTransport="cookie")
    cookie = refresh_cookie(signed_up)
    service.clock.advance(days=8)
    expired = await use_cookie(service, cookie)
    assert told(expired) == EXPIRED
    assert set_cookies(expired) == {REFRESH_COOKIE: CLEARED}
    await service.write("DELETE FROM session")
    assert set_cookies(await use_cookie(service, cookie)) == {REFRESH_COOKIE: CLEARED}


async def test_with_the_browser_window_goes_the_cookie_of_a_session_not_remembered(
    service: Service,
) -> None:
    wanted = {"grant": "refresh", "refreshTransport": "cookie"}
    signed_up = await service.sign_up(rememberMe=False, **wanted)
    mark = cookie_of(signed_up, "better-auth.dont_remember")
    refreshed = await use_cookie(service, f"{refresh_cookie(signed_up)}; {mark}")
    for reply in (signed_up, refreshed):
        assert "Max-Age" not in set_cookies(reply)[REFRESH_COOKIE]


async def test_a_browser_that_holds_the_session_is_told_that_it_lives_on(service: Service) -> None:
    signed_up = await service.sign_up(grant="refresh", refreshTransport="cookie")
    session = cookie_of(signed_up)
    service.clock.advance(days=6)
    refreshed = await use_cookie(service, f"{refresh_cookie(signed_up)}; {session}")
    assert set(set_cookies(refreshed)) == {COOKIE, REFRESH_COOKIE}
    assert cookie_of(refreshed) == session
    service.clock.advance(days=6)
    assert (await service.get_session(session)).json()["user"]["name"] == "Mina"


@pytest.fixture
async def public(service: Service, database_url: str) -> AsyncIterator[Service]:
    settings = make_settings(database_url, BETTER_AUTH_URL="https://book.example/auth")
    async with serving(settings) as public:
        yield public


async def test_on_a_public_site_the_cookie_is_secure_and_knows_the_proxys_prefix(
    public: Service,
) -> None:
    signed_up = await public.sign_up(grant="refresh", refreshTransport="cookie")
    attributes = set_cookies(signed_up)[f"__Secure-{REFRESH_COOKIE}"]
    assert attributes.endswith(f"; Path=/auth{REFRESH_PATH}; HttpOnly; Secure; SameSite=Lax")
