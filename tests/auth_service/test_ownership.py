"""User B gets what a stranger gets: the ownership matrix.

Walks the service's own description, so a route that is added is under test: wherever a member of
a body or query names an object, Omar names Mina's, then one that does not exist. The two replies
must be the same, and nothing of Mina's may change.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from auth_service.app import create_app
from auth_service.database.tables import Base
from tests.auth_service.service import ORIGIN, PASSWORD, Service, cookie_of, make_settings

# Members that name an object, and where Mina's stands. A name that looks like one and is in
# neither table fails test_every_member_that_names_an_object_is_known.
OBJECTS = {
    "token": "SELECT token FROM session",
    "id": 'SELECT id FROM "user"',
    "userId": 'SELECT id FROM "user"',
    "user": 'SELECT id FROM "user"',
    "accountId": "SELECT id FROM account",
    "sessionId": "SELECT id FROM session",
    "keyId": "SELECT id FROM apikey",
}
# Where a name stands for something else than above.
OBJECTS_AT = {("/api/auth/api-key/get", "id"): "SELECT id FROM apikey"}
# One configuration and no organizations; a proof brought along, not a name.
NO_OBJECTS = {"configId", "organizationId", "idToken"}
NAMING = ("id", "token", "key", "session", "user", "account")

# Routes without a session: whose object it is, is not a question there.
OPEN = (
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/get-session",
    "/reset-password",
    "/verify-email",
    "/token/refresh",
    "/callback",
)

TABLES = ("user", "session", "account", "verification", "apikey", "audit_event", "revocation")


@dataclass(frozen=True, slots=True)
class Door:
    """A route, and what it can be told."""

    method: str
    path: str
    body: dict[str, Any]
    required: tuple[str, ...]
    query: tuple[str, ...]

    @property
    def named(self) -> list[tuple[str, str]]:
        """Where an object is named: in body or query, and as what."""
        return [
            *(("body", name) for name in self.body if name in OBJECTS),
            *(("query", name) for name in self.query if name in OBJECTS),
        ]


def doors() -> list[Door]:
    paths = create_app(make_settings("postgresql://host/database")).openapi()["paths"]
    return [
        door(method, path, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/api/auth/")
    ]


def door(method: str, path: str, operation: dict[str, Any]) -> Door:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return Door(
        method=method.upper(),
        path=path,
        body=schema.get("properties", {}),
        required=tuple(schema.get("required", ())),
        query=tuple(parameter["name"] for parameter in operation.get("parameters", ())),
    )


DOORS = doors()
SIGNED_IN = [door for door in DOORS if not door.path.removeprefix("/api/auth").startswith(OPEN)]
NAMED = [(door, place, name) for door in SIGNED_IN for place, name in door.named]


def test_every_member_that_names_an_object_is_known() -> None:
    members = {name for door in SIGNED_IN for name in (*door.body, *door.query)}
    look_like_one = {name for name in members if name.lower().endswith(NAMING)}
    assert look_like_one <= set(OBJECTS) | NO_OBJECTS
    assert ("POST", "/api/auth/revoke-session") in {(door.method, door.path) for door, *_ in NAMED}


async def send(
    service: Service, door: Door, cookie: str, *, place: str, name: str, value: object
) -> tuple[int, str, list[str]]:
    body: dict[str, object] = dict.fromkeys(door.required, PASSWORD)
    query: dict[str, str] = {}
    if place == "body":
        body[name] = value
    else:
        query[name] = str(value)
    reply = await service.client.request(
        door.method,
        door.path,
        params=query,
        json=body if door.method == "POST" else None,
        headers={"cookie": cookie, "origin": ORIGIN},
    )
    return reply.status_code, reply.text, reply.headers.get_list("set-cookie")


async def mina_with_a_key(service: Service) -> object:
    """Return Mina's id."""
    await service.write("DELETE FROM apikey")  # keys outlive their user
    signed_up = await service.sign_up()
    headers = {"cookie": cookie_of(signed_up), "origin": ORIGIN}
    await service.client.post("/api/auth/api-key/create", json={}, headers=headers)
    return signed_up.json()["user"]["id"]


async def rows_of(service: Service, user_id: object) -> dict[str, list[tuple[object, ...]]]:
    """All that is stored about a user, wherever the user is named."""
    stored: dict[str, list[tuple[object, ...]]] = {}
    for table in TABLES:
        rows = await service.rows(f'SELECT * FROM "{table}"')  # noqa: S608 -- a name of ours
        stored[table] = sorted((row for row in rows if user_id in row), key=repr)
    stored["refresh_token"] = await service.rows(
        "SELECT refresh_token.* FROM refresh_token JOIN session ON session.id = session_id "
        'WHERE "userId" = :id',
        id=user_id,
    )
    return stored


def test_every_table_that_names_a_user_is_watched() -> None:
    # A JWK is nobody's, and refresh tokens are looked up by their session.
    assert {table.name for table in Base.metadata.tables.values()} == {
        *(*TABLES, "jwks", "refresh_token"),
    }


@pytest.mark.parametrize(
    ("door", "place", "name"),
    NAMED,
    ids=[f"{door.method} {door.path} {name}" for door, _, name in NAMED],
)
async def test_somebody_elses_object_is_as_good_as_none(
    service: Service, door: Door, place: str, name: str
) -> None:
    mina = await mina_with_a_key(service)
    ((value,),) = await service.rows(OBJECTS_AT.get((door.path, name), OBJECTS[name]))
    before = await rows_of(service, mina)
    omar = cookie_of(await service.sign_up("omar@example.com"))
    unknown = await send(service, door, omar, place=place, name=name, value="x" * 32)
    hers = await send(service, door, omar, place=place, name=name, value=value)
    assert hers == unknown
    assert await rows_of(service, mina) == before


@pytest.mark.parametrize(
    "door", SIGNED_IN, ids=[f"{door.method} {door.path}" for door in SIGNED_IN]
)
async def test_an_object_named_where_none_is_asked_for_is_not_heeded(
    service: Service, door: Door
) -> None:
    mina = await mina_with_a_key(service)
    hers = {name: (await service.rows(where))[0][0] for name, where in OBJECTS.items()}
    before = await rows_of(service, mina)
    for name, value in hers.items():
        for place in ("query", "body"):
            # Anew each time: what a route does to Omar is his own affair.
            await service.write("DELETE FROM \"user\" WHERE email = 'omar@example.com'")
            omar = cookie_of(await service.sign_up("omar@example.com"))
            _, text, _ = await send(service, door, omar, place=place, name=name, value=value)
            assert "mina@example.com" not in text
            assert str(mina) not in text
    assert await rows_of(service, mina) == before
