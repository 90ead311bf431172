"""Both services as processes of their own, on a database made for them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.ports import free_port
from tests.api_service.test_main import environment_of, wait_for
from tests.auth_service.service import PASSWORD, TOKEN_SECRET
from tests.auth_service.test_main import started


@dataclass(frozen=True, slots=True)
class Site:
    """A running site.

    Attributes:
        database: URL of auth-service's.
        auth: Address of auth-service.
        api: Address of api-service.
        origin: What auth-service calls itself.
        api_log: What api-service has printed.
    """

    database: str
    auth: str
    api: str
    origin: str
    api_log: Path

    def logged(self) -> list[dict[str, Any]]:
        """What api-service has logged so far."""
        return [json.loads(line) for line in self.api_log.read_text().splitlines()]


@contextmanager
def running_site(folder: Path, **auth_settings: str) -> Iterator[Site]:
    """Run both services, unlimited, until the block is left."""
    with running_postgres(folder / "postgres", durable=False) as server:
        migrate(server.url)
        settings = {"DATABASE_URL": server.url, "RATE_LIMIT": "off", "MAIL_URL": "off"}
        (folder / "auth").mkdir()
        (folder / "api").mkdir()
        with started(folder / "auth", **settings, **auth_settings) as (client, _):
            auth = str(client.base_url).rstrip("/")
            with _running_api(folder / "api", auth) as (address, log):
                origin = f"http://localhost:{client.base_url.port}"
                yield Site(server.url, auth, address, origin, log)


@contextmanager
def _running_api(folder: Path, auth: str) -> Iterator[tuple[str, Path]]:
    port, log = free_port(), folder / "log"
    environment = environment_of(
        folder,
        API_SERVER_PORT=str(port),
        JWT_SECRET=TOKEN_SECRET,
        AUTH_SERVICE_URL=auth,
        RATE_LIMIT="off",
    )
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "api_service"],
            cwd=folder,
            env=environment,
            stdout=sink,
            stderr=sink,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address)
        yield address, log
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def signed_up(site: Site, email: str) -> Iterator[httpx.Client]:
    """Be a new reader of the site: yield a client of auth-service with a session."""
    with httpx.Client(base_url=site.auth, headers={"origin": "http://localhost:3000"}) as client:
        body = {"name": "Mina", "email": email, "password": PASSWORD}
        client.post("/api/auth/sign-up/email", json=body).raise_for_status()
        yield client
