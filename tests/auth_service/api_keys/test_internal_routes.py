from datetime import UTC, datetime

import httpx
import pytest

from service_kit.service_token import mint_service_token
from tests.auth_service.api_keys.keys import new_key, new_reader, set_columns
from tests.auth_service.service import TOKEN_SECRET, Service

PATH = "/internal/api-keys/verify"


async def verify(service: Service, key: object, token: str | None = None) -> httpx.Response:
    token = token or mint_service_token(TOKEN_SECRET, now=datetime.now(UTC))
    headers = {"authorization": f"Bearer {token}"}
    return await service.client.post(PATH, json={"key": key}, headers=headers)


async def test_api_service_is_told_whose_a_key_is(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie, expiresIn=86400)
    await set_columns(service, key, 'permissions = \'{"book": ["ask"]}\'')
    assert (await verify(service, key["key"])).json() == {
        "valid": True,
        "cacheable": False,
        "keyId": key["id"],
        "expiresAt": "2026-03-02T12:30:15.123Z",
        "permissions": {"book": ["ask"]},
        "user": (await service.get_session(cookie)).json()["user"],
        "role": None,
    }


async def test_each_answer_counts_a_use(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    told = [(await verify(service, key["key"])).json()["valid"] for _ in range(11)]
    assert told == [True] * 10 + [False]
    assert (await verify(service, key["key"])).json() == {
        "valid": False,
        "code": "RATE_LIMITED",
        "cacheable": False,
        "retryAfterMs": 86400000,
    }


async def test_an_answer_may_be_kept_where_no_use_is_counted(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    await set_columns(service, key, '"rateLimitEnabled" = false')
    assert (await verify(service, key["key"])).json()["cacheable"] is True
    await set_columns(service, key, "remaining = 5")
    assert (await verify(service, key["key"])).json()["cacheable"] is False


@pytest.mark.parametrize(
    ("columns", "code"),
    [("enabled = false", "KEY_DISABLED"), ("\"expiresAt\" = '2026-01-01'", "KEY_EXPIRED")],
)
async def test_a_key_that_does_not_count_is_an_answer_that_may_be_kept(
    service: Service, columns: str, code: str
) -> None:
    key = await new_key(service, await new_reader(service))
    await set_columns(service, key, columns)
    told = (await verify(service, key["key"])).json()
    assert told == {"valid": False, "code": code, "cacheable": True, "retryAfterMs": None}


async def test_nobody_else_may_ask(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    readers = (await service.client.get("/api/auth/jwt", headers={"x-api-key": key["key"]})).json()
    stranger = mint_service_token("x" * 40, now=datetime.now(UTC))
    for token in ("none", stranger, readers["token"]):
        reply = await verify(service, key["key"], token)
        assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHORIZED")
    assert (await service.client.post(PATH, json={"key": key["key"]})).status_code == 401


async def test_a_question_without_a_key_is_refused(service: Service) -> None:
    assert (await verify(service, 5)).status_code == 400


async def test_the_doors_for_services_are_not_described_to_readers(service: Service) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    assert [path for path in paths if "internal" in path] == []
    assert "/api/auth/api-key/create" in paths
