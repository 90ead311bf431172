import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth_service.limits import CREDENTIAL_FAMILIES
from tests.auth_service.service import Service, cookie_of, make_settings, serving
from tests.service_kit.redis_server import running_redis


@pytest.fixture
async def limited(service: Service, database_url: str) -> AsyncIterator[Service]:
    settings = make_settings(
        database_url,
        RATE_LIMIT="on",
        CREDENTIAL_RATE_LIMIT="3/minute",
        TRUSTED_PROXIES="203.0.113.0/24",
    )
    async with serving(settings) as limited:
        yield limited


async def test_the_request_beyond_the_limit_is_told_when_to_come_back(limited: Service) -> None:
    statuses = [(await limited.sign_in()).status_code for _ in range(3)]
    assert statuses == [401] * 3
    reply = await limited.sign_in()
    assert reply.status_code == 429
    assert reply.json() == {"message": "Too many requests. Please try again later."}
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert reply.headers["x-retry-after"] == reply.headers["retry-after"]
    assert reply.headers["x-request-id"]


async def test_both_ways_to_sign_in_count_together_and_signing_up_counts_apart(
    limited: Service,
) -> None:
    for path in ("sign-in", "sign-in/email", "sign-in/unknown"):
        assert (await limited.client.post(f"/api/auth/{path}")).status_code != 429
    assert (await limited.client.post("/api/auth/sign-in")).status_code == 429
    assert (await limited.client.post("/api/auth/sign-up")).status_code == 400
    assert (await limited.client.get("/api/auth/get-session")).status_code == 200


async def test_each_caller_behind_a_trusted_proxy_is_counted_alone(limited: Service) -> None:
    for last in range(4):
        reply = await limited.client.post(
            "/api/auth/sign-in", headers={"x-forwarded-for": f"198.51.100.{last}"}
        )
        assert reply.status_code == 400
    replies = [
        await limited.client.post(
            "/api/auth/sign-in", headers={"x-forwarded-for": f"2001:db8::{last}"}
        )
        for last in range(4)
    ]
    assert [reply.status_code for reply in replies] == [400, 400, 400, 429]  # one customer's /64


async def test_a_platforms_own_header_tells_readers_apart(
    service: Service, database_url: str
) -> None:
    settings = make_settings(
        database_url,
        RATE_LIMIT="on",
        CREDENTIAL_RATE_LIMIT="3/minute",
        TRUSTED_PROXIES="203.0.113.0/24",
        CLIENT_IP_HEADER="X-Real-IP",
    )
    async with serving(settings) as limited:
        replies = [  # the edge that a platform puts last is ever another
            await limited.client.post(
                "/api/auth/sign-in",
                headers={"x-real-ip": "198.51.100.7", "x-forwarded-for": f"192.0.2.{last}"},
            )
            for last in range(4)
        ]
        assert [reply.status_code for reply in replies] == [400, 400, 400, 429]
        limited.client.headers["x-real-ip"] = "198.51.100.8"
        assert (await limited.sign_up()).status_code == 200
        seen = await service.rows(
            'SELECT "ipAddress" FROM session UNION SELECT ip_address FROM audit_event'
        )
        assert ("198.51.100.8",) in seen


async def test_requests_are_counted_before_their_body_is_read(limited: Service) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0)

    for _ in range(3):
        await limited.sign_in()
    reply = await limited.client.post("/api/auth/sign-in", content=endless())
    assert reply.status_code == 429


async def test_the_limit_holds_for_bodies_that_are_refused(limited: Service) -> None:
    for content in ("{", json.dumps([]), "{}"):
        await limited.client.post("/api/auth/sign-in", content=content)
    assert (await limited.sign_in()).status_code == 429


@pytest.mark.parametrize("family", sorted(CREDENTIAL_FAMILIES))
async def test_every_family_of_credential_routes_is_counted_by_itself(
    limited: Service, family: str
) -> None:
    for path in (family, f"{family}/some/token", family):
        assert (await limited.client.get(f"/api/auth/{path}")).status_code != 429
    reply = await limited.client.post(f"/api/auth/{family}")
    assert reply.status_code == 429
    assert (await limited.client.get("/api/auth/ok")).status_code == 200


async def test_all_other_routes_are_counted_together_and_health_is_not(
    service: Service, database_url: str
) -> None:
    settings = make_settings(database_url, RATE_LIMIT="on", AUTH_RATE_LIMIT="5/10 seconds")
    async with serving(settings) as limited:
        for path in ("ok", "get-session", "made/up/1", "made/up/2", "jwt"):
            assert (await limited.client.get(f"/api/auth/{path}")).status_code != 429
        reply = await limited.client.get("/api/auth/made/up/3")
        assert reply.status_code == 429
        assert 1 <= int(reply.headers["retry-after"]) <= 10
        for path in ("/health", "/ready"):
            assert (await limited.client.get(path)).status_code == 200


async def test_by_default_ten_sign_ins_a_minute_and_a_hundred_others_in_ten_seconds(
    service: Service, database_url: str
) -> None:
    async with serving(make_settings(database_url, RATE_LIMIT="on")) as limited:
        statuses = [
            (await limited.client.post("/api/auth/sign-in/email")).status_code for _ in range(11)
        ]
        assert statuses == [400] * 10 + [429]
        statuses = [(await limited.client.get("/api/auth/ok")).status_code for _ in range(101)]
        assert statuses == [200] * 100 + [429]


@pytest.mark.parametrize(
    ("path", "most", "seconds"),
    [
        ("sign-in/email", 3, 10),
        ("sign-up/email", 3, 10),
        ("change-password", 3, 10),
        ("change-email", 3, 10),
        ("two-factor/verify-totp", 3, 10),
        ("request-password-reset", 3, 60),
        ("send-verification-email", 3, 60),
        ("forget-password/email-otp", 3, 60),
        ("get-session", 100, 10),
        ("request-password-reset/more", 100, 10),
    ],
)
async def test_better_auths_own_rules_count_each_path_by_itself(
    service: Service, database_url: str, path: str, most: int, seconds: int
) -> None:
    async with serving(make_settings(database_url, RATE_LIMIT="better-auth")) as limited:
        for _ in range(most):
            assert (await limited.client.post(f"/api/auth/{path}")).status_code != 429
        reply = await limited.client.post(f"/api/auth/{path}")
        assert reply.status_code == 429
        assert seconds - 5 <= int(reply.headers["x-retry-after"]) <= seconds
        assert (await limited.client.post("/api/auth/sign-in/other")).status_code != 429


async def test_services_that_share_a_redis_count_together(
    service: Service, database_url: str, tmp_path: Path
) -> None:
    with running_redis(tmp_path) as redis:
        settings = make_settings(
            database_url,
            RATE_LIMIT="on",
            CREDENTIAL_RATE_LIMIT="2/minute",
            RATE_LIMIT_STORAGE_URI=redis.uri,
        )
        async with serving(settings) as one, serving(settings) as two:
            for each in (one, two):
                assert (await each.client.post("/api/auth/sign-in")).status_code == 400
            for each in (one, two):
                assert (await each.client.post("/api/auth/sign-in")).status_code == 429


@pytest.mark.parametrize("rules", ["on", "better-auth"])
async def test_without_the_store_credentials_are_refused_and_reading_goes_on(
    service: Service, database_url: str, tmp_path: Path, rules: str
) -> None:
    cookie = cookie_of(await service.sign_up())
    with running_redis(tmp_path) as redis:
        settings = make_settings(database_url, RATE_LIMIT=rules, RATE_LIMIT_STORAGE_URI=redis.uri)
        async with serving(settings) as limited:
            assert (await limited.sign_in()).status_code == 200
            redis.stop()
            for path in ("sign-in/email", "request-password-reset", "change-password"):
                reply = await limited.client.post(f"/api/auth/{path}", json={})
                assert reply.status_code == 503
                assert reply.json()["code"] == "SERVICE_UNAVAILABLE"
                assert int(reply.headers["retry-after"]) >= 1
            assert (await limited.get_session(cookie)).json()["user"]["name"] == "Mina"
            assert (await limited.client.get("/health")).status_code == 200
            redis.start()
            await asyncio.sleep(1.1)  # it is left alone for a second after a failure
            assert (await limited.sign_in()).status_code == 200


async def test_without_limit_nothing_is_counted(service: Service) -> None:
    statuses = {(await service.client.post("/api/auth/sign-in")).status_code for _ in range(30)}
    assert statuses == {400}
