"""A reader's keys, as tests make and use them."""

from typing import Any

import httpx

from tests.auth_service.service import Service, cookie_of
from tests.auth_service.signed_in import post


async def new_reader(service: Service, email: str = "mina@example.com") -> str:
    """Sign somebody up; the cookie is of their session."""
    return cookie_of(await service.sign_up(email))


async def new_key(service: Service, cookie: str, **members: object) -> dict[str, Any]:
    made = await post(service, "api-key/create", cookie, members)
    assert made.status_code == 200
    key: dict[str, Any] = made.json()
    return key


async def set_columns(service: Service, key: dict[str, Any], columns: str) -> None:
    await service.write(f"UPDATE apikey SET {columns} WHERE id = :id", id=key["id"])  # noqa: S608 -- ours


async def use(service: Service, key: str, path: str = "get-session") -> httpx.Response:
    return await service.client.get(f"/api/auth/{path}", headers={"x-api-key": key})


async def code_of(service: Service, key: str) -> tuple[int, str]:
    reply = await use(service, key)
    return reply.status_code, reply.json()["code"]
