"""Services as processes of their own, on one database: as many of each as a test wants."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.auth_service.service import (
    COOKIE_SECRET,
    ORIGIN,
    PASSWORD,
    TOKEN_SECRET,
    bare_environment,
)
from tests.loopback import free_port

SECONDS = 2.0
"""How far behind an api-service may be."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who has signed up, and a token of theirs."""

    email: str
    user_id: str
    client: httpx.Client
    token: str

    def post(self, path: str, **body: object) -> httpx.Response:
        return self.client.post(f"/api/auth/{path}", json=body).raise_for_status()

    def another_token(self) -> str:
        token: str = self.client.get("/api/auth/jwt").raise_for_status().json()["token"]
        return token


@contextmanager
def auth_service(folder: Path, database: str, *, port: int = 0, **settings: str) -> Iterator[str]:
    """Run auth-service; yields its address."""
    environment = {
        "DATABASE_URL": database,
        "BETTER_AUTH_SECRET": COOKIE_SECRET,
        "RATE_LIMIT": "off",
        **settings,
    }
    port = port or free_port()
    with _running("auth_service", folder, AUTH_SERVER_PORT=str(port), **environment):
        yield _answering(port)


@contextmanager
def api_service(folder: Path, auth_service: str, **settings: str) -> Iterator[str]:
    """Run api-service; yields its address."""
    port = free_port()
    environment = {
        "AUTH_SERVICE_URL": auth_service,
        "DATA_DIR": str(folder / f"data-{port}"),
        **settings,
    }
    with _running("api_service", folder, API_SERVER_PORT=str(port), **environment):
        yield _answering(port)


@contextmanager
def signed_up(auth: str, email: str) -> Iterator[Reader]:
    """Sign somebody up."""
    with httpx.Client(base_url=auth, headers={"origin": ORIGIN}, timeout=20) as client:
        body = {"name": "Mina", "email": email, "password": PASSWORD}
        reply = client.post("/api/auth/sign-up/email", json=body).raise_for_status()
        token = client.get("/api/auth/jwt").raise_for_status().json()["token"]
        yield Reader(email, reply.json()["user"]["id"], client, token)


def asked(api: str, token: str) -> int:
    """Return the status with which a token is answered."""
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{api}/v1/me", headers=headers, timeout=20).status_code


def seconds_until(status: int, api: str, token: str, *, at_most: float = SECONDS) -> float:
    """Return how long it takes until a token is answered with a status."""
    started = time.monotonic()
    while asked(api, token) != status:
        assert time.monotonic() - started < at_most, f"not {status} within {at_most} s"
        time.sleep(0.02)
    return time.monotonic() - started


def _answering(port: int) -> str:
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{address}/health", timeout=5).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the service does not answer"
            time.sleep(0.05)
        else:
            return address


@contextmanager
def _running(module: str, folder: Path, **environment: str) -> Iterator[None]:
    with (folder / f"{module}-{time.monotonic_ns()}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=folder,
            env={"HOME": os.environ.get("HOME", ""), "JWT_SECRET": TOKEN_SECRET}
            | bare_environment(**environment),
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
