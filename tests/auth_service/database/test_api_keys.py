import asyncio
from collections import Counter

import pytest

from tests.auth_service.api_keys.keys import code_of, new_key, new_reader, set_columns, use
from tests.auth_service.service import Service
from tests.auth_service.signed_in import counted


async def test_a_use_costs_one_update_and_no_other_statement(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    with counted(service) as statements:
        assert (await use(service, key["key"])).status_code == 200
    assert [statement.split()[0] for statement in statements] == ["UPDATE"]


async def test_a_session_by_cookie_still_costs_one_select(service: Service) -> None:
    cookie = await new_reader(service)
    with counted(service) as statements:
        await service.get_session(cookie)
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


@pytest.mark.parametrize(
    ("columns", "allowed"),
    [
        ('"rateLimitMax" = 17', 17),
        ('"rateLimitMax" = 17, remaining = 11', 11),
        ('remaining = 11, "rateLimitEnabled" = false', 11),
        pytest.param(
            'remaining = 0, "refillAmount" = 13, "refillInterval" = 60000,'
            '"createdAt" = \'2026-01-01\', "rateLimitEnabled" = false',
            13,
            id="refilled",
        ),
    ],
)
async def test_of_fifty_uses_at_once_exactly_as_many_as_are_left_get_through(
    service: Service, columns: str, allowed: int
) -> None:
    key = await new_key(service, await new_reader(service))
    await set_columns(service, key, columns)
    replies = await asyncio.gather(*(use(service, key["key"]) for _ in range(50)))
    told = Counter(reply.status_code for reply in replies)
    assert told[200] == allowed
    # A key that is used up for good is deleted by the first who finds it so.
    assert told[429] + told[401] == 50 - allowed


async def test_what_is_refused_costs_nothing(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    await set_columns(service, key, 'remaining = 5, "rateLimitMax" = 1')
    for _ in range(3):
        await use(service, key["key"])
    asked = 'SELECT remaining, "requestCount" FROM apikey WHERE id = :id'
    assert await service.rows(asked, id=key["id"]) == [(4, 1)]


async def test_the_window_slides_from_the_last_use_and_the_refusal_says_when_it_ends(
    service: Service,
) -> None:
    key = await new_key(service, await new_reader(service))
    for _ in range(10):
        assert (await use(service, key["key"])).status_code == 200
        service.clock.advance(hours=1)
    refused = await use(service, key["key"])
    assert refused.status_code == 429
    assert refused.json() == {
        "message": "Rate limit exceeded.",
        "code": "RATE_LIMITED",
        "details": {"tryAgainIn": 23 * 3600 * 1000},
    }
    assert refused.headers["retry-after"] == str(23 * 3600)
    service.clock.advance(hours=23)
    assert (await use(service, key["key"])).status_code == 429
    service.clock.advance(seconds=1)
    assert (await use(service, key["key"])).status_code == 200


async def test_remaining_uses_are_refilled_after_the_interval_and_never_before(
    service: Service,
) -> None:
    key = await new_key(service, await new_reader(service))
    refilled = 'remaining = 1, "refillAmount" = 2, "refillInterval" = 60000'
    await set_columns(service, key, refilled)
    assert (await use(service, key["key"])).status_code == 200
    refused = await use(service, key["key"])
    assert (refused.status_code, refused.json()["code"]) == (429, "USAGE_EXCEEDED")
    assert refused.headers["retry-after"] == "60"
    service.clock.advance(seconds=61)
    assert [(await use(service, key["key"])).status_code for _ in range(3)] == [200, 200, 429]


async def test_a_key_used_up_for_good_is_deleted_as_better_auth_does(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    await set_columns(service, key, "remaining = 1")
    assert (await use(service, key["key"])).status_code == 200
    used_up = await use(service, key["key"])
    assert used_up.json()["code"] == "USAGE_EXCEEDED"
    assert "retry-after" not in used_up.headers
    assert await code_of(service, key["key"]) == (401, "INVALID_API_KEY")


async def test_an_expired_key_is_deleted_when_it_is_shown(service: Service) -> None:
    key = await new_key(service, await new_reader(service), expiresIn=86400)
    service.clock.advance(days=1)
    assert (await use(service, key["key"])).status_code == 200
    service.clock.advance(seconds=1)
    assert await code_of(service, key["key"]) == (401, "KEY_EXPIRED")
    assert await code_of(service, key["key"]) == (401, "INVALID_API_KEY")


async def test_a_disabled_key_is_refused_and_stays(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    await set_columns(service, key, "enabled = false")
    for _ in range(2):
        assert await code_of(service, key["key"]) == (401, "KEY_DISABLED")


async def test_the_key_of_a_deleted_reader_opens_nothing(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    await service.write('DELETE FROM "user"')
    assert await code_of(service, key["key"]) == (401, "INVALID_REFERENCE_ID_FROM_API_KEY")


@pytest.mark.parametrize(("key", "status"), [("x" * 63, 403), ("x" * 64, 401), ("é" * 64, 401)])
async def test_what_is_no_key_is_refused(service: Service, key: str, status: int) -> None:
    reply = await service.client.get(
        "/api/auth/get-session", headers={b"x-api-key": key.encode("latin-1")}
    )
    assert (reply.status_code, reply.json()["code"]) == (status, "INVALID_API_KEY")
