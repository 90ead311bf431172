"""One database under our service and a Better Auth server on Node.js, both at work."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import asyncpg
import httpx
import pytest

from auth_service.app import create_app
from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.service import ORIGIN, PASSWORD, make_settings, serving
from tests.contract import api_key_requests as requests
from tests.contract.api_key_requests import IDENTIFIER, alike
from tests.contract.better_auth_node import require_node, running_node
from tests.loopback import serving as http_serving


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("shared"), durable=False) as server:
        migrate(server.url)
        yield server.url


@pytest.fixture(scope="module")
def node(database: str) -> Iterator[str]:
    """The address of a Better Auth server on our database."""
    require_node()
    with running_node(database) as address:
        yield address


async def post(node: str, path: str, **body: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=node, headers={"origin": ORIGIN}) as client:
        return await client.post(f"/api/auth/{path}", json=body)


async def sign_in(node: str, email: str, password: str = PASSWORD) -> httpx.Response:
    return await post(node, "sign-in/email", email=email, password=password)


async def test_a_user_made_by_us_signs_in_at_the_node_server(database: str, node: str) -> None:
    async with serving(make_settings(database, PASSWORD_HASH="better-auth")) as ours:
        created = await ours.sign_up("ours@example.com", password="ﬁne ½ päss🔑 word")
        assert created.status_code == 200
    reply = await sign_in(node, "ours@example.com", "ﬁne ½ päss🔑 word")
    assert reply.status_code == 200
    assert reply.json()["user"] == created.json()["user"]
    assert (await sign_in(node, "ours@example.com", "another one")).status_code == 401


async def test_a_user_of_the_node_server_signs_in_here_and_there_again(
    database: str, node: str
) -> None:
    email = "theirs@example.com"
    made = await post(node, "sign-up/email", name="Mina", email=email, password=PASSWORD)
    assert made.status_code == 200
    async with serving(make_settings(database, PASSWORD_HASH="better-auth")) as ours:
        assert (await ours.sign_in(email)).status_code == 200
    assert (await sign_in(node, email)).status_code == 200


async def test_a_database_goes_back_to_a_node_server_sign_in_by_sign_in(
    database: str, node: str
) -> None:
    async with serving(make_settings(database)) as alone:
        await alone.sign_up("back@example.com")
    assert (await sign_in(node, "back@example.com")).status_code != 200
    async with serving(make_settings(database, PASSWORD_HASH="better-auth")) as shared:
        assert (await shared.sign_in("back@example.com")).status_code == 200
    assert (await sign_in(node, "back@example.com")).status_code == 200


@pytest.fixture(scope="module")
async def ours(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """Our service on that database, over HTTP."""
    settings = make_settings(database, PASSWORD_HASH="better-auth")
    async with (
        http_serving(create_app(settings)) as address,
        httpx.AsyncClient(base_url=f"{address}/api/auth/") as client,
    ):
        yield client


@pytest.fixture(scope="module")
async def theirs(node: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{node}/api/auth/") as client:
        yield client


async def new_reader(client: httpx.AsyncClient) -> dict[str, str]:
    """Sign somebody up; the headers are of their session."""
    body = {"name": "Mina", "email": f"{uuid4()}@example.com", "password": PASSWORD}
    made = await client.post("sign-up/email", json=body)
    client.cookies.clear()
    return {"authorization": f"Bearer {made.json()['token']}"}


async def new_key(client: httpx.AsyncClient, reader: dict[str, str]) -> dict[str, str]:
    made: dict[str, str] = (await client.post("api-key/create", json={}, headers=reader)).json()
    return made


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks a server, and keeps what was said to each request."""

    client: httpx.AsyncClient
    database: str
    reader: dict[str, str]
    said: list[tuple[object, tuple[int, object]]] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> int:
        reply = await self.client.request(method, path, json=body, headers=headers)
        self.client.cookies.clear()
        self.said.append(((method, IDENTIFIER.sub("KEY", path)), alike(reply)))
        return reply.status_code

    async def as_owner(self) -> None:
        bodies = {"create": requests.CREATE, "update": requests.UPDATE, "delete": requests.DELETE}
        for path, each in bodies.items():
            key = await new_key(self.client, self.reader)
            for body in each:
                own = {n: key["id"] if value == "KEY" else value for n, value in body.items()}
                await self.ask("POST", f"api-key/{path}", own, **self.reader)
                await self.ask("POST", f"api-key/{path}", own)

    async def as_reader_of_keys(self) -> None:
        reader = await new_reader(self.client)
        key = await new_key(self.client, reader)
        await new_key(self.client, reader)
        none: dict[str, str] = {}
        for headers in (reader, none):
            for query in requests.GET:
                await self.ask("GET", f"api-key/get{query.replace('KEY', key['id'])}", **headers)
            for query in requests.LIST:
                await self.ask("GET", f"api-key/list{query}", **headers)

    async def with_keys_in_all_states(self) -> None:
        for columns, uses in requests.STATES:
            key = await new_key(self.client, self.reader)
            await changed(self.database, key["id"], columns)
            status = 0
            for _ in range(uses):
                status = await self.ask("GET", "list-accounts", **{"x-api-key": key["key"]})
            if status == httpx.codes.OK:  # what is refused costs nothing here, but may there
                self.said.append((columns, (status, await counted(self.database, key["id"]))))

    async def with_a_key(self) -> None:
        for method, path, body in requests.WITH_A_KEY:
            key = await new_key(self.client, self.reader)
            await self.ask(method, path, body, **{"x-api-key": key["key"]})
        for method, path, body in requests.WITH_A_WRONG_KEY:
            for wrong in requests.WRONG_KEYS:
                shown = {"x-api-key": wrong}
                await self.ask(method, path, body, **shown)
                await self.ask(method, path, None if body is None else [], **shown)
                await self.ask(method, path, body, **shown, **requests.FOREIGN)


async def requested(
    client: httpx.AsyncClient, database: str
) -> list[tuple[object, tuple[int, object]]]:
    """Make every request of the table, and tell what was said to each."""
    caller = Caller(client, database, await new_reader(client))
    await caller.as_owner()
    await caller.as_reader_of_keys()
    await caller.with_keys_in_all_states()
    await caller.with_a_key()
    return caller.said


async def changed(database: str, key_id: str, columns: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(f"UPDATE apikey SET {columns} WHERE id = $1", key_id)  # noqa: S608 -- ours
    finally:
        await connection.close()


async def counted(database: str, key_id: str) -> object:
    """What the uses have left in the key's row."""
    connection = await asyncpg.connect(database)
    try:
        row = await connection.fetchrow(
            'SELECT "requestCount", remaining, "lastRequest" IS NULL, '
            "\"lastRefillAt\" > now() - interval '1 minute' FROM apikey WHERE id = $1",
            key_id,
        )
    finally:
        await connection.close()
    return None if row is None else tuple(row)


async def test_requests_about_keys_are_answered_alike(
    database: str, ours: httpx.AsyncClient, theirs: httpx.AsyncClient
) -> None:
    here, there = await requested(ours, database), await requested(theirs, database)
    differing = [
        (asked, answer, expected)
        for (asked, answer), (_, expected) in zip(here, there, strict=True)
        if answer != expected
    ]
    assert differing == []


async def test_a_key_made_by_one_server_is_used_at_the_other(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient
) -> None:
    for maker, user in ((ours, theirs), (theirs, ours)):
        key = await new_key(maker, await new_reader(maker))
        said = (await user.get("get-session", headers={"x-api-key": key["key"]})).json()
        assert (said["session"]["id"], said["session"]["token"]) == (key["id"], key["key"])
