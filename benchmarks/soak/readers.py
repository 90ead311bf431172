"""Readers who have signed up, as load.js is told of them."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from benchmarks.failure import BenchmarkFailed

_PASSWORD = "battery staple correct"  # noqa: S105 -- of readers who are made up


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who has an account.

    Attributes:
        email: Their address.
        password: To sign in with.
        cookie: Of a session, as name=value.
        token: A JWT of that session.
    """

    email: str
    password: str
    cookie: str
    token: str


def sign_up(auth_url: str, number: int) -> list[Reader]:
    """Have so many readers sign up, one after another.

    Args:
        auth_url: Where auth-service is, without a slash at the end.
        number: Of readers.

    Raises:
        BenchmarkFailed: One of them was refused.
    """
    try:
        return [_signed_up(auth_url) for _ in range(number)]
    except httpx.HTTPError as error:
        raise BenchmarkFailed(f"A reader could not sign up: {error}") from error


def write(readers: Sequence[Reader], file: Path) -> None:
    """Write readers to a file that nobody else may read."""
    file.touch(mode=0o600)
    file.write_text(json.dumps([asdict(reader) for reader in readers]), encoding="utf-8")


def _signed_up(auth_url: str) -> Reader:
    email = f"{secrets.token_hex(8)}@example.com"
    body = {"name": "Reader", "email": email, "password": _PASSWORD, "interestArea": "AI"}
    # Each in a client of its own: nobody is to send another's cookies.
    with httpx.Client(base_url=auth_url, trust_env=False, timeout=30) as http:
        reply = http.post("/api/auth/sign-up/email", json=body).raise_for_status()
        cookie = reply.headers["set-cookie"].partition(";")[0]
        token = http.get("/api/auth/jwt", headers={"cookie": cookie}).raise_for_status()
    return Reader(email, _PASSWORD, cookie, token.json()["token"])
