"""The servers measured: a vendor at a fixed pace, ours on the example book, and a bare route."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt

from benchmarks.chat.bare import EMBEDDING_MODEL
from benchmarks.chat.upstream import Pace
from benchmarks.failure import BenchmarkFailed
from benchmarks.servers import Server, environment_of, free_port, running

CHECKOUT = Path(__file__).parents[2]
BOOK = CHECKOUT / "examples/book"

_SECRET = secrets.token_hex(32)
_KEY = "sk-measured"


@contextmanager
def upstream() -> Iterator[Server]:
    """Run benchmarks.chat.upstream."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.chat.upstream"]
    with running("upstream", command, port, {"PORT": str(port)}) as server:
        yield server


@contextmanager
def ours(vendor: Server, pace: Pace, folder: Path) -> Iterator[Server]:
    """Run api-service as it comes, access log and counting of requests included.

    Args:
        vendor: That it asks.
        pace: Of the vendor.
        folder: That `ingest` has put a book into.
    """
    port = free_port()
    environment = {
        **book_settings(vendor, pace, folder),
        "API_SERVER_PORT": str(port),
        "JWT_SECRET": _SECRET,
        # Counted, and never reached.
        "CHAT_RATE_LIMIT": "1000000/minute",
        "CHAT_TOKENS_A_DAY": "1000000000",
        "TOKENS_A_MONTH": "1000000000",
        "REVOCATIONS": "off",  # there is no auth-service to hear from
    }
    command = [sys.executable, "-m", "api_service"]
    with running("ours", command, port, environment, folder) as server:
        yield server


@contextmanager
def bare(vendor: Server, pace: Pace, prompt: Path) -> Iterator[Server]:
    """Run benchmarks.chat.bare.

    Args:
        vendor: That it asks.
        pace: Of the vendor.
        prompt: A file with the body it sends.
    """
    port = free_port()
    environment = {
        "OPENAI_BASE_URL": f"{vendor.url}{pace.path}",
        "PROMPT": str(prompt),
        "PORT": str(port),
    }
    with running(
        "bare", [sys.executable, "-m", "benchmarks.chat.bare"], port, environment
    ) as server:
        yield server


def ingest(vendor: Server, folder: Path) -> None:
    """Put the example book into a folder, by the product's own command.

    Raises:
        BenchmarkFailed: The command fails.
    """
    command = [sys.executable, "-m", "api_service.ingestion", str(BOOK)]
    # In that folder: whatever .env stands here is not to be measured.
    done = subprocess.run(  # noqa: S603 -- our own command
        command,
        cwd=folder,
        env=environment_of(book_settings(vendor, Pace(), folder)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkFailed(f"The book could not be ingested: {done.stderr[-500:]}")


def book_settings(vendor: Server, pace: Pace, folder: Path) -> dict[str, str]:
    """Return the settings by which api-service finds a folder's book, and the vendor."""
    return {
        "DATA_DIR": str(folder),
        "EMBEDDING_MODEL": EMBEDDING_MODEL,
        "OPENAI_API_KEY": _KEY,
        "OPENAI_BASE_URL": f"{vendor.url}{pace.path}",
    }


def token(reader: str) -> str:
    """Return a token as auth-service gives it to a reader."""
    now = int(time.time())
    claims = {
        "sub": reader,
        "userId": reader,
        "email": f"{reader}@book.test",
        "name": "Reader",
        "softwareBackground": "Python",
        "hardwareBackground": "Arduino",
        "interestArea": "walking robots",
        "sid": "session",
        "jti": secrets.token_hex(8),
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "iss": "auth-service",
        "aud": "api-service",
    }
    return jwt.encode(claims, _SECRET, algorithm="HS256")
