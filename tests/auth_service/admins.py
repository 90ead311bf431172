"""Admins, readers, and what is written down about them."""

from dataclasses import dataclass

import httpx

from tests.auth_service.service import Service, cookie_of
from tests.auth_service.signed_in import get, post


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in."""

    id: str
    cookie: str


async def person(service: Service, name: str, role: str | None = None) -> Person:
    """Sign somebody up; a role is given as the command does it, past the service."""
    reply = await service.sign_up(f"{name}@example.com", name=name.title())
    user_id = reply.json()["user"]["id"]
    if role is not None:
        statement = 'UPDATE "user" SET role = :role WHERE id = :id'
        await service.write(statement, role=role, id=user_id)
    return Person(user_id, cookie_of(reply))


async def act(service: Service, who: Person, path: str, **body: object) -> httpx.Response:
    """Post to an admin's door."""
    return await post(service, path, who.cookie, body)


async def listed(service: Service, who: Person, query: str = "") -> list[str]:
    """Return the names of the users a list tells."""
    reply = await get(service, f"admin/list-users?{query}", who.cookie)
    assert reply.status_code == 200, reply.text
    return [user["name"] for user in reply.json()["users"]]


async def events(service: Service, user_id: str) -> list[str]:
    """Return what was written down about a user, in its order."""
    rows = await service.rows(
        "SELECT event FROM audit_event WHERE user_id = :id ORDER BY id", id=user_id
    )
    return [str(row[0]) for row in rows]
