"""One of each service, on a database made for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.contract import replicas


@dataclass(frozen=True, slots=True)
class Site:
    """A running site.

    Attributes:
        database: URL of auth-service's.
        auth: Address of auth-service.
        api: Address of api-service.
        origin: What auth-service calls itself.
        auth_log: What auth-service has printed.
        api_log: What api-service has printed.
    """

    database: str
    auth: str
    api: str
    origin: str
    auth_log: Path
    api_log: Path

    def logged(self) -> list[dict[str, Any]]:
        """What api-service has logged so far."""
        return [json.loads(line) for line in self.api_log.read_text().splitlines()]


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Run both services, unlimited, until the block is left."""
    with running_postgres(folder / "postgres", durable=False) as server:
        migrate(server.url)
        with (
            replicas.auth_service(folder, server.url, MAIL_URL="off") as auth,
            replicas.api_service(folder, auth, RATE_LIMIT="off") as api,
        ):
            (auth_log,) = folder.glob("auth_service-*.log")
            (api_log,) = folder.glob("api_service-*.log")
            origin = f"http://localhost:{urlsplit(auth).port}"
            yield Site(server.url, auth, api, origin, auth_log, api_log)


@contextmanager
def signed_up(site: Site, email: str) -> Iterator[httpx.Client]:
    """Be a new reader of the site: yield a client of auth-service with a session."""
    with replicas.signed_up(site.auth, email) as reader:
        yield reader.client
