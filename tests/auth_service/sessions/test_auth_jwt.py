from collections.abc import AsyncIterator
from datetime import UTC, datetime

import jwt
import pytest
from sqlalchemy import event

from tests.auth_service.jwks.key_sets import checked, key_set
from tests.auth_service.service import (
    ORIGIN,
    CountedReader,
    Service,
    cookie_of,
    make_settings,
    serving,
    set_cookies,
)

ISSUED_AT = int(datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC).timestamp())


@pytest.fixture
async def handing_out(service: Service, database_url: str) -> AsyncIterator[Service]:
    """The service with SET_AUTH_JWT on."""
    async with serving(make_settings(database_url, SET_AUTH_JWT="on")) as handing_out:
        yield handing_out


async def token_of(service: Service, cookie: str) -> str:
    reply = await service.client.get("/api/auth/token", headers={"cookie": cookie})
    assert reply.status_code == 200
    assert reply.json().keys() == {"token"}
    token: str = reply.json()["token"]
    return token


@pytest.mark.parametrize("by", ["cookie", "bearer"])
async def test_a_session_is_exchanged_for_a_token_anybody_can_check(
    service: Service, by: str
) -> None:
    signed_up = await service.sign_up(softwareBackground="Python")
    shown = (
        {"cookie": cookie_of(signed_up)}
        if by == "cookie"
        else {"authorization": f"Bearer {signed_up.json()['token']}"}
    )

    reply = await service.client.get("/api/auth/token", headers=shown)

    assert reply.headers["cache-control"] == "no-store"
    token = reply.json()["token"]
    claims = checked(token, await key_set(service))
    session = (await service.get_session(cookie_of(signed_up))).json()["session"]
    assert len(claims.pop("jti")) == 32
    assert claims == {
        **signed_up.json()["user"],
        "sub": session["userId"],
        "sid": session["id"],
        "iat": ISSUED_AT,
        "exp": ISSUED_AT + 900,
        "iss": "http://localhost:3001",
        "aud": "http://localhost:3001",
    }
    assert jwt.get_unverified_header(token).keys() == {"alg", "kid"}


async def test_issuer_and_audience_are_the_origin_of_the_base_url(
    service: Service, database_url: str
) -> None:
    settings = make_settings(database_url, BETTER_AUTH_URL="https://auth.book.example/")
    async with serving(settings) as public:
        cookie = cookie_of(await public.sign_up(), "__Secure-better-auth.session_token")
        token = await token_of(public, cookie)

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == claims["aud"] == "https://auth.book.example"


async def test_without_a_session_there_is_no_such_token(service: Service) -> None:
    reply = await service.client.get("/api/auth/token")

    assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHORIZED")


async def test_the_longest_profile_still_gives_a_token_a_header_holds(service: Service) -> None:
    long = "\N{ROBOT FACE}\x01" * 400
    signed_up = await service.sign_up(
        name=long,
        image=f"https://example.com/{long}",
        softwareBackground=long,
        hardwareBackground=long,
        interestArea=long,
    )
    assert signed_up.status_code == 200

    token = await token_of(service, cookie_of(signed_up))

    claims = checked(token, await key_set(service))
    assert len(token) < 8 * 1024
    assert long.startswith(claims["name"])
    assert claims["image"] is None


async def test_get_session_hands_out_no_token_unless_told_to(service: Service) -> None:
    reply = await service.get_session(cookie_of(await service.sign_up()))

    assert "set-auth-jwt" not in reply.headers


async def test_get_session_hands_out_a_token_where_that_is_on(handing_out: Service) -> None:
    cookie = cookie_of(await handing_out.sign_up())

    reply = await handing_out.get_session(cookie)

    claims = checked(reply.headers["set-auth-jwt"], await key_set(handing_out))
    assert claims["sub"] == reply.json()["user"]["id"]
    assert reply.headers["access-control-expose-headers"] == "set-auth-jwt"
    assert "set-auth-jwt" not in (await handing_out.get_session("")).headers


async def test_a_renewed_session_comes_with_both_tokens_and_names_both(
    handing_out: Service,
) -> None:
    cookie = cookie_of(await handing_out.sign_up())
    handing_out.clock.advance(days=2)

    reply = await handing_out.get_session(cookie)

    assert reply.headers["set-auth-token"]
    assert reply.headers["set-auth-jwt"]
    assert reply.headers.get_list("access-control-expose-headers") == [
        "set-auth-token, set-auth-jwt"
    ]


async def test_pages_of_the_frontend_may_read_the_token(handing_out: Service) -> None:
    cookie = cookie_of(await handing_out.sign_up())

    reply = await handing_out.client.get(
        "/api/auth/get-session", headers={"cookie": cookie, "origin": ORIGIN}
    )

    assert "set-auth-jwt" in reply.headers["access-control-expose-headers"]


async def test_a_cached_session_comes_with_a_token_too(service: Service, database_url: str) -> None:
    settings = make_settings(database_url, SET_AUTH_JWT="on", COOKIE_CACHE="on")
    async with serving(settings) as caching:
        signed_up = await caching.sign_up()
        cookies = f"{cookie_of(signed_up)}; {cookie_of(signed_up, 'better-auth.session_data')}"
        reply = await caching.get_session(cookies)

    assert reply.headers["set-auth-jwt"]


async def test_handing_out_a_token_asks_the_database_nothing_more(handing_out: Service) -> None:
    cookie = cookie_of(await handing_out.sign_up())
    await handing_out.get_session(cookie)
    reader = handing_out.resources.reader
    assert isinstance(reader, CountedReader)
    statements: list[str] = []
    reader.told.append(statements)

    def tell(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    engine = handing_out.resources.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", tell)
    try:
        for _ in range(5):
            await handing_out.get_session(cookie)
    finally:
        event.remove(engine, "before_cursor_execute", tell)
        reader.told.clear()

    assert len(statements) == 5


async def test_no_token_is_made_of_a_copy_that_may_be_old(
    service: Service, database_url: str
) -> None:
    settings = make_settings(database_url, SET_AUTH_JWT="on", COOKIE_CACHE="on")
    async with serving(settings) as both:
        signed_up = await both.sign_up()
        cookies = set_cookies(signed_up)
        names = ("better-auth.session_token", "better-auth.session_data")
        held = "; ".join(f"{name}={cookies[name].split(';')[0]}" for name in names)
        await both.write("UPDATE \"user\" SET role = 'instructor'")
        reply = await both.get_session(held)
        claims = jwt.decode(reply.headers["set-auth-jwt"], options={"verify_signature": False})
        assert claims["role"] == "instructor"
        await both.write("DELETE FROM session")
        assert "set-auth-jwt" not in (await both.get_session(held)).headers
