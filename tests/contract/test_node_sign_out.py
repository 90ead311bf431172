"""A Better Auth server on Node.js goes on working on our database, and its sign-outs are heard."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.auth_service.service import ORIGIN, PASSWORD
from tests.contract.replicas import api_service, asked, auth_service, seconds_until
from tests.contract.test_node_server import database, node

__all__ = ["database", "node"]  # fixtures

# The peer's own, where the environment names none.
SECRET = "peer-better-auth-secret-0123456789abcdef"


@pytest.fixture
def api_and_auth(
    tmp_path: Path,
    database: str,
    node: str,
) -> Iterator[tuple[str, str]]:
    with (
        auth_service(tmp_path, database, BETTER_AUTH_SECRET=SECRET) as auth,
        api_service(tmp_path, auth) as api,
    ):
        yield api, auth


@pytest.mark.parametrize("path", ["sign-out", "revoke-sessions", "delete-user"])
def test_what_ends_at_the_node_server_is_heard_here(
    node: str,
    api_and_auth: tuple[str, str],
    path: str,
) -> None:
    api, auth = api_and_auth
    with httpx.Client(base_url=node, headers={"origin": ORIGIN}, timeout=20) as client:
        email = f"{uuid4().hex}@example.com"
        body = {"name": "Mina", "email": email, "password": PASSWORD}
        client.post("/api/auth/sign-up/email", json=body).raise_for_status()
        # The Node server's session is one of ours: a token is drawn here.
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        drawn = httpx.get(f"{auth}/api/auth/jwt", headers=cookies).raise_for_status()
        token = drawn.json()["token"]
        assert asked(api, token) == 200

        ended = client.post(f"/api/auth/{path}", json={"password": PASSWORD})

        assert ended.status_code == 200, ended.text
        seconds_until(401, api, token)
        again = client.post("/api/auth/sign-in/email", json={"email": email, "password": PASSWORD})
        assert again.status_code == (401 if path == "delete-user" else 200)
