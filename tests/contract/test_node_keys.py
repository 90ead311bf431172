"""One table of signing keys under our service and a Better Auth server on Node.js."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.jwks.key_sets import checked, key_set
from tests.auth_service.service import (
    COOKIE_SECRET,
    ORIGIN,
    PASSWORD,
    Service,
    cookie_of,
    make_settings,
    serving,
)
from tests.contract.better_auth_node import require_node, running_node

NEWER = "another-secret-0123456789-abcdefghijklmno"
OUR_ADDRESS = "http://localhost:3001"

SECRETS = pytest.mark.parametrize(
    "secrets",
    [{}, {"BETTER_AUTH_SECRETS": f"2:{NEWER},1:{COOKIE_SECRET}"}],
    ids=["one secret", "versioned secrets"],
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    require_node()
    with running_postgres(tmp_path_factory.mktemp("keys"), durable=False) as server:
        migrate(server.url)
        yield server.url


@pytest.fixture
async def ours(server: str, secrets: dict[str, str]) -> AsyncIterator[Service]:
    async with serving(make_settings(server, PASSWORD_HASH="better-auth", **secrets)) as service:
        await service.write("DELETE FROM jwks")
        await service.write('DELETE FROM "user"')
        yield service


@contextmanager
def keyed_node(database: str, **variables: str) -> Iterator[httpx.Client]:
    """A Better Auth server that says of itself what our service says: issuer and audience."""
    said = {"BETTER_AUTH_URL": OUR_ADDRESS, "BETTER_AUTH_SECRET": COOKIE_SECRET, **variables}
    with (
        running_node(database, **said) as address,
        httpx.Client(base_url=address, headers={"origin": ORIGIN}, timeout=20) as client,
    ):
        yield client


def node_token(node: httpx.Client) -> str:
    """Sign in there and return the token of its jwt plugin."""
    body = {"email": "mina@example.com", "password": PASSWORD}
    node.post("/api/auth/sign-in/email", json=body).raise_for_status()
    reply = node.get("/api/auth/token")
    assert reply.status_code == 200, reply.text
    token: str = reply.json()["token"]
    return token


async def our_token(ours: Service) -> str:
    cookie = cookie_of(await ours.sign_in())
    reply = await ours.client.get("/api/auth/token", headers={"cookie": cookie})
    token: str = reply.json()["token"]
    return token


@SECRETS
async def test_the_node_server_signs_with_our_key(
    server: str, ours: Service, secrets: dict[str, str]
) -> None:
    await ours.sign_up()
    keys = await key_set(ours)

    with keyed_node(server, **secrets) as node:
        token = node_token(node)
        listed = node.get("/api/auth/jwks").json()["keys"]
        shown = node.get("/api/auth/get-session").headers["set-auth-jwt"]

    assert listed == keys
    assert checked(token, keys)["email"] == "mina@example.com"
    assert checked(shown, keys)["email"] == "mina@example.com"
    assert await ours.rows("SELECT count(*) FROM jwks") == [(1,)]


@SECRETS
async def test_we_sign_with_the_node_servers_key(
    server: str, ours: Service, secrets: dict[str, str]
) -> None:
    await ours.sign_up()
    with keyed_node(server, **secrets) as node:
        theirs = node_token(node)
        keys = node.get("/api/auth/jwks").json()["keys"]

        token = await our_token(ours)

    assert await key_set(ours) == keys
    claims, their_claims = checked(token, keys), checked(theirs, keys)
    assert await ours.rows("SELECT count(*) FROM jwks") == [(1,)]
    # Ours says all that theirs says, and by which session: so it can be revoked.
    assert claims.keys() - their_claims.keys() == {"sid", "jti"}
    times = {"iat", "exp"}
    assert {name: claims[name] for name in their_claims.keys() - times} == {
        name: value for name, value in their_claims.items() if name not in times
    }
    assert claims["exp"] - claims["iat"] == their_claims["exp"] - their_claims["iat"]


@pytest.mark.parametrize("secrets", [{}], ids=["one secret"])
async def test_a_key_made_before_secrets_had_versions_is_used_by_both(
    server: str, ours: Service
) -> None:
    await ours.sign_up()
    keys = await key_set(ours)
    versioned = {"BETTER_AUTH_SECRETS": f"2:{NEWER},1:{COOKIE_SECRET}"}

    with keyed_node(server, **versioned) as node:
        assert checked(node_token(node), keys)
    settings = make_settings(server, PASSWORD_HASH="better-auth", **versioned)
    async with serving(settings) as changed:
        assert checked(await our_token(changed), keys)
