"""One database under our service and a Better Auth server on Node.js, both at work."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.service import ORIGIN, PASSWORD, make_settings, serving

CHECKOUT = Path(__file__).parents[2]
PEER = Path(os.environ.get("BETTER_AUTH_PEER") or CHECKOUT.parent / "shared/peers/better-auth")
SECONDS = 30.0


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("shared"), durable=False) as server:
        migrate(server.url)
        yield server.url


@pytest.fixture(scope="module")
def node(database: str) -> Iterator[str]:
    """The address of a Better Auth server on our database."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js")
    if not (PEER / "node_modules").is_dir():
        pytest.skip(
            "needs ../shared/peers/better-auth with its packages installed (npm install), "
            "or BETTER_AUTH_PEER naming a copy that has them"
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        ["node", "server.js"],
        cwd=PEER,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database,
            "AUTH_SERVER_PORT": str(port),
            "TRUSTED_ORIGINS": ORIGIN,
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/health")
        yield address
    finally:
        server.kill()
        server.wait()


def _await(address: str) -> None:
    give_up_at = time.monotonic() + SECONDS
    while True:
        try:
            httpx.get(address).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < give_up_at, "the Node server does not answer"
            time.sleep(0.1)
        else:
            return


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
