import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.auth_service.service import Service, make_settings, serving


@pytest.fixture
async def limited(service: Service, database_url: str) -> AsyncIterator[Service]:
    settings = make_settings(
        database_url,
        RATE_LIMIT="on",
        SIGN_IN_RATE_LIMIT="3/minute",
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


async def test_without_limit_nothing_is_counted(service: Service) -> None:
    statuses = {(await service.client.post("/api/auth/sign-in")).status_code for _ in range(30)}
    assert statuses == {400}
