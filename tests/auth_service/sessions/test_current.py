import asyncio

from sqlalchemy import text

from tests.auth_service.service import (
    COOKIE,
    COOKIE_SECRET,
    Service,
    cookie_of,
    make_settings,
    serving,
    set_cookies,
)


async def test_a_session_that_ends_while_it_is_being_extended_is_not_brought_back(
    service: Service,
) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=2)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with service.resources.database.engine.connect() as db:
        await db.execute(text("DELETE FROM session"))
        asking = asyncio.create_task(service.get_session(cookie))
        while await service.rows(waiting) == [(0,)]:  # noqa: ASYNC110 -- the database tells of no event
            await asyncio.sleep(0.01)
        await db.commit()
    reply = await asking
    assert reply.text == "null"
    assert set_cookies(reply)["better-auth.session_token"].startswith("; Max-Age=0;")


async def test_requests_at_once_extend_a_session_alike(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    service.clock.advance(days=2)
    replies = await asyncio.gather(*(service.get_session(cookie) for _ in range(20)))
    assert {reply.json()["session"]["expiresAt"] for reply in replies} == {
        "2026-03-10T12:30:15.123Z"
    }


async def test_the_headers_of_a_request_are_read_by_better_auths_rules(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    name, value = cookie.split("=", 1)
    for header in (f'a=b;{name}="{value}"', f" {name} = {value} ;{name}=other", f"x; {cookie};"):
        assert (await service.get_session(header)).text != "null"
    assert (await service.get_session(f"{name}=other; {cookie}")).text == "null"


async def test_what_is_no_session_token_is_no_session(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    token = (await service.client.get("/api/auth/jwt", headers={"cookie": cookie})).json()["token"]
    header, claims, _ = token.split(".")
    for wrong in (token, f"{header}.{claims}.", "x" * 32, "x" * 8000, "'; DROP TABLE session; --"):
        for shown in ({"authorization": f"Bearer {wrong}"}, {"cookie": f"{COOKIE}={wrong}"}):
            reply = await service.client.get("/api/auth/jwt", headers=shown)
            assert (reply.status_code, reply.json()) == (401, {"error": "Unauthorized"})


async def test_credentials_of_another_scheme_are_no_session(service: Service) -> None:
    token = (await service.sign_up()).json()["token"]
    for credentials in (f"Basic {token}", token, f"Bearer{token}", "Bearer ", ""):
        reply = await service.client.get(
            "/api/auth/get-session", headers={"authorization": credentials}
        )
        assert reply.text == "null"


async def test_a_secret_is_changed_while_readers_stay_signed_in(
    service: Service, database_url: str
) -> None:
    older, newer = COOKIE_SECRET, "another-conformance-of-0123456789abcd"
    cookie = cookie_of(await service.sign_up())
    bearer = (await service.sign_in()).headers["set-auth-token"]
    both = make_settings(database_url, BETTER_AUTH_SECRETS=f"2:{newer},1:{older}")
    async with serving(both) as rotating:
        assert (await rotating.get_session(cookie)).json()["user"]["email"] == "mina@example.com"
        found = await rotating.client.get(
            "/api/auth/get-session", headers={"authorization": f"Bearer {bearer}"}
        )
        assert found.json()["user"]["email"] == "mina@example.com"
        # What is renewed is signed with the newer one, so within a day of use all are.
        rotating.clock.advance(days=2)
        renewed = cookie_of(await rotating.get_session(cookie))
        signed_in = cookie_of(await rotating.sign_in())

    rotated = make_settings(database_url, BETTER_AUTH_SECRETS=f"2:{newer}")
    async with serving(rotated) as afterwards:
        assert (await afterwards.get_session(cookie)).text == "null"
        for good in (renewed, signed_in):
            assert (await afterwards.get_session(good)).json()["session"]
