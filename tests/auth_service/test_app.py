from urllib.parse import urlsplit

import pytest

from tests.auth_service.database.relay import Relay
from tests.auth_service.service import (
    ORIGIN,
    Service,
    cookie_of,
    make_settings,
    serving,
    set_cookies,
)

COOKIES = ("session_token", "session_data", "dont_remember")


async def test_health_says_these_words(service: Service) -> None:
    reply = await service.client.get("/health")
    assert reply.text == '{"status":"healthy","service":"auth-service"}'


async def test_ready_asks_the_database(service: Service) -> None:
    reply = await service.client.get("/ready")
    assert reply.status_code == 200
    assert reply.json()["dependencies"] == {"database": "ok"}


async def test_ready_names_a_database_without_tables(postgres: str) -> None:
    async with serving(make_settings(postgres.rsplit("/", 1)[0] + "/postgres")) as bare:
        reply = await bare.client.get("/ready")
    assert (reply.status_code, reply.json()["dependencies"]) == (503, {"database": "unavailable"})


async def test_better_auths_paths_are_served(service: Service) -> None:
    reply = await service.client.get("/api/auth/ok")
    assert (reply.status_code, reply.text) == (200, '{"ok":true}')


async def test_a_trusted_page_may_call_with_cookies_and_read_the_reply(service: Service) -> None:
    preflight = await service.client.options(
        "/api/auth/sign-in/email",
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        },
    )
    assert preflight.status_code == 200
    reply = await service.client.get("/api/auth/get-session", headers={"origin": ORIGIN})
    for answer in (preflight, reply):
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-credentials"] == "true"
    assert "set-auth-token" in reply.headers["access-control-expose-headers"]


async def test_a_refusal_can_be_read_by_a_trusted_page(service: Service) -> None:
    reply = await service.client.post(
        "/api/auth/sign-in/email", json={}, headers={"origin": ORIGIN}
    )
    assert reply.headers["access-control-allow-origin"] == ORIGIN


async def test_a_wildcard_covers_preview_pages(database_url: str) -> None:
    settings = make_settings(database_url, TRUSTED_ORIGINS="https://*.book.example")
    async with serving(settings) as service:
        for origin, allowed in (("https://pr-7.book.example", True), ("https://x.example", False)):
            reply = await service.client.get("/api/auth/ok", headers={"origin": origin})
            assert (reply.headers.get("access-control-allow-origin") == origin) is allowed
            headers = {"origin": origin, "cookie": "a=b"}
            reply = await service.client.post("/api/auth/sign-out", headers=headers)
            assert (reply.status_code == 200) is allowed


async def test_another_page_may_not_read_the_reply(service: Service) -> None:
    foreign = {"origin": "https://evil.example"}
    reply = await service.client.get("/api/auth/get-session", headers=foreign)
    assert "access-control-allow-origin" not in reply.headers


async def test_over_https_cookies_are_secure_and_others_are_ignored(database_url: str) -> None:
    settings = make_settings(database_url, BETTER_AUTH_URL="https://auth.book.example")
    async with serving(settings) as service:
        reply = await service.sign_up("secure@example.com")
        line = reply.headers["set-cookie"]
        assert line.startswith("__Secure-better-auth.session_token=")
        assert line.endswith("; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax")
        cookie = line.split(";")[0]
        assert (await service.get_session(cookie)).text != "null"
        assert (await service.get_session(cookie.removeprefix("__Secure-"))).text == "null"


async def test_over_https_every_cookie_is_secure(
    database_url: str,
) -> None:
    settings = make_settings(
        database_url, BETTER_AUTH_URL="https://auth.book.example", COOKIE_CACHE="on"
    )
    names = {f"__Secure-better-auth.{name}" for name in COOKIES}
    async with serving(settings) as service:
        await service.write('DELETE FROM "user"')
        reply = await service.sign_up(rememberMe=False)
        session = cookie_of(reply, "__Secure-better-auth.session_token")
        ended = await service.client.post(
            "/api/auth/sign-out", headers={"cookie": session, "origin": ORIGIN}
        )
        assert set(set_cookies(reply)) == set(set_cookies(ended)) == names
        for line in (*set_cookies(reply).values(), *set_cookies(ended).values()):
            assert line.endswith("; Path=/; HttpOnly; Secure; SameSite=Lax")


@pytest.mark.parametrize(
    "path",
    [
        "forget-password",
        "set-password",
        "api-key/verify",
        "two-factor/enable",
        "sign-out/all",
    ],
)
async def test_what_is_not_offered_is_an_unknown_path(service: Service, path: str) -> None:
    cookie = cookie_of(await service.sign_up())
    for method in ("GET", "POST"):
        reply = await service.client.request(
            method,
            f"/api/auth/{path}",
            json={} if method == "POST" else None,
            headers={"cookie": cookie, "origin": ORIGIN},
        )
        assert (reply.status_code, reply.content) == (404, b"")


async def test_a_crash_tells_nothing_but_its_request_id(database_url: str) -> None:
    address = f"{database_url}?options=-c%20role%3Dpg_monitor"  # who may read none of the tables
    async with serving(make_settings(address)) as crashing:
        reply = await crashing.sign_in()
    assert reply.status_code == 500
    assert reply.json() == {"message": "Internal server error", "code": "INTERNAL_SERVER_ERROR"}
    assert len(reply.headers["x-request-id"]) == 32


async def test_a_request_costs_few_round_trips_to_the_database(
    service: Service, database_url: str
) -> None:
    port = urlsplit(database_url).port or 0
    relay = Relay(port)
    await relay.restore()
    counts = {}
    async with serving(
        make_settings(database_url.replace(f":{port}/", f":{relay.port}/"))
    ) as relayed:
        for round_trip in ("first", "second"):  # by the second all statements are prepared
            relay.round_trips = 0
            cookie = cookie_of(await relayed.sign_up(f"{round_trip}@example.com"))
            counts["sign-up"] = relay.round_trips
            for path in ("get-session", "jwt"):
                relay.round_trips = 0
                reply = await relayed.client.get(f"/api/auth/{path}", headers={"cookie": cookie})
                assert reply.json()["user"]["email"] == f"{round_trip}@example.com"
                counts[path] = relay.round_trips
            relay.round_trips = 0
            await relayed.sign_in(f"{round_trip}@example.com")
            counts["sign-in"] = relay.round_trips
    await relay.cut()
    # Sign-up's are three statements with BEGIN and COMMIT around them.
    assert counts == {"sign-up": 5, "get-session": 1, "jwt": 1, "sign-in": 2}


async def test_the_routes_answered_directly_are_documented_and_routed_as_all_others(
    service: Service,
) -> None:
    document = (await service.client.get("/openapi.json")).json()
    for path in ("get-session", "jwt"):
        replies = document["paths"][f"/api/auth/{path}"]["get"]["responses"]
        assert "application/json" in replies["200"]["content"]
        for wrong in (f"/api/auth/{path}/", f"/api/auth//{path}", f"//api/auth/{path}"):
            reply = await service.client.get(f"http://localhost:3001{wrong}")
            assert (reply.status_code, reply.content) == (404, b"")
        for method in ("HEAD", "PUT", "DELETE"):
            reply = await service.client.request(method, f"/api/auth/{path}")
            assert (reply.status_code, reply.content) == (404, b"")


async def test_the_openapi_document_shows_what_get_session_can_be_asked(service: Service) -> None:
    document = (await service.client.get("/openapi.json")).json()
    described = document["paths"]["/api/auth/get-session"]["get"]["parameters"]
    assert {(each["name"], each["in"], each["required"]) for each in described} == {
        ("disableRefresh", "query", False),
        ("disableCookieCache", "query", False),
    }
    assert all(each["schema"]["type"] == "string" for each in described)


def takes_null(member: dict[str, object]) -> bool:
    """Tell whether a member's description does: of any type, or null among its types."""
    kinds = member.get("anyOf", [member])
    assert isinstance(kinds, list)
    return any(kind.get("type", "null") == "null" for kind in kinds)


async def test_null_is_taken_where_the_openapi_document_says_so_and_nowhere_else(
    service: Service,
) -> None:
    document = (await service.client.get("/openapi.json")).json()
    said, done = {}, {}
    for path, operations in document["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        for name, member in schema.get("properties", {}).items():
            assert member.get("default", ...) is not None
            reply = await service.client.post(path, json={name: None})
            said[path, name] = takes_null(member)
            done[path, name] = f"[body.{name}]" not in reply.text
    assert said == done
    assert set(said.values()) == {True, False}


async def test_the_openapi_document_shows_every_body(service: Service) -> None:
    document = (await service.client.get("/openapi.json")).json()
    for path in ("sign-up/email", "sign-in/email", "sign-up", "sign-in"):
        described = document["paths"][f"/api/auth/{path}"]["post"]["requestBody"]["content"]
        assert set(described) == {"application/json", "application/x-www-form-urlencoded"}
        members = described["application/json"]["schema"]["properties"]
        assert {"email", "password", "callbackURL", "rememberMe"} <= set(members)
