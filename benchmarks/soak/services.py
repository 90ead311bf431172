"""What the soak asks: both services as they come, a database, a book, and a vendor at no delay."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from auth_service.migrate import migrate
from benchmarks.chat.servers import book_settings, ingest, upstream
from benchmarks.chat.upstream import Pace
from benchmarks.servers import Server, free_port, running
from standalone.postgres import running_postgres

_OUT_OF_REACH = "1000000/minute"
_METRICS = "/metrics"


@dataclass(frozen=True, slots=True)
class Services:
    """What runs, and the addresses its metrics are read at."""

    auth: Server
    api: Server
    metrics: tuple[str, str]


@contextmanager
def services(folder: Path) -> Iterator[Services]:
    """Run everything in an empty folder, until the block is left.

    Limits are counted as they come, and set out of reach.

    Raises:
        BenchmarkFailed: Something does not start.
    """
    tokens = {"JWT_SECRET": secrets.token_hex(32)}
    measured = free_port(), free_port()
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres(folder / "postgres"))
        migrate(postgres.url)
        auth = stack.enter_context(
            _service(
                "auth",
                folder,
                measured[0],
                tokens,
                BETTER_AUTH_SECRET=secrets.token_hex(32),
                DATABASE_URL=postgres.url,
                CREDENTIAL_RATE_LIMIT=_OUT_OF_REACH,
                AUTH_RATE_LIMIT=_OUT_OF_REACH,
            )
        )
        vendor = stack.enter_context(upstream())
        ingest(vendor, folder)
        api = stack.enter_context(
            _service(
                "api",
                folder,
                measured[1],
                tokens,
                AUTH_SERVICE_URL=auth.url,
                CHAT_RATE_LIMIT=_OUT_OF_REACH,
                CHAT_STREAMS="1000",
                CHAT_TOKENS_A_DAY="1000000000000",
                TOKENS_A_MONTH="1000000000000",
                **book_settings(vendor, Pace(), folder),
            )
        )
        first, second = (f"http://127.0.0.1:{port}{_METRICS}" for port in measured)
        yield Services(auth, api, (first, second))


def _service(
    name: str, folder: Path, metrics_port: int, tokens: dict[str, str], **settings: str
) -> AbstractContextManager[Server]:
    port = free_port()
    environment = {
        f"{name.upper()}_SERVER_PORT": str(port),
        f"{name.upper()}_METRICS_PORT": str(metrics_port),
        **tokens,
        **settings,
    }
    # In that folder: whatever .env stands here is not to be measured.
    command = [sys.executable, "-m", f"{name}_service"]
    return running(f"{name}-service", command, port, environment, folder)
