"""When a key is looked at: after the body was read and the caller checked, before all else."""

import httpx
import pytest

from tests.auth_service.api_keys.keys import new_key, new_reader
from tests.auth_service.service import ORIGIN, Service

WRONG = "x" * 64


async def send(service: Service, key: str, content: bytes, **headers: str) -> tuple[int, str]:
    given = {"x-api-key": key, "content-type": "application/json", **headers}
    reply: httpx.Response = await service.client.post(
        "/api/auth/update-user", content=content, headers=given
    )
    return reply.status_code, reply.json()["code"]


@pytest.mark.parametrize(
    ("content", "headers", "said"),
    [
        (b"{", {}, (400, "BAD_REQUEST")),
        (b"{}", {"content-type": "text/plain"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
        (b"{}", {"cookie": "a=b"}, (403, "MISSING_OR_NULL_ORIGIN")),
        (b"{}", {"cookie": "a=b", "origin": "http://evil.example"}, (403, "INVALID_ORIGIN")),
        (b'{"callbackURL": "http://evil.example"}', {}, (403, "INVALID_CALLBACK_URL")),
        (b"[]", {"cookie": "a=b", "origin": ORIGIN}, (401, "INVALID_API_KEY")),
        (b'{"name": 5}', {}, (401, "INVALID_API_KEY")),
    ],
)
async def test_a_wrong_key_is_named_in_its_turn(
    service: Service, content: bytes, headers: dict[str, str], said: tuple[int, str]
) -> None:
    assert await send(service, WRONG, content, **headers) == said


@pytest.mark.parametrize(
    "path", ["get-session", "list-sessions", "verify-email", "api-key/get", "list-accounts"]
)
async def test_a_wrong_key_is_named_before_a_query_or_a_session(
    service: Service, path: str
) -> None:
    reply = await service.client.get(f"/api/auth/{path}", headers={"x-api-key": WRONG})
    assert (reply.status_code, reply.json()["code"]) == (401, "INVALID_API_KEY")


async def test_a_request_refused_before_its_key_is_looked_at_costs_the_key_nothing(
    service: Service,
) -> None:
    key = await new_key(service, await new_reader(service))
    await send(service, key["key"], b"{")
    await service.client.get("/api/auth/nowhere", headers={"x-api-key": key["key"]})
    asked = 'SELECT "requestCount" FROM apikey WHERE id = :id'
    assert await service.rows(asked, id=key["id"]) == [(0,)]


async def test_an_empty_header_is_none_and_a_doubled_one_is_no_key(service: Service) -> None:
    key = (await new_key(service, await new_reader(service)))["key"]
    empty = await service.client.get("/api/auth/get-session", headers={"x-api-key": ""})
    assert empty.text == "null"
    doubled = await service.client.get(
        "/api/auth/get-session", headers=[("x-api-key", key), ("x-api-key", key)]
    )
    assert (doubled.status_code, doubled.json()["code"]) == (401, "INVALID_API_KEY")
