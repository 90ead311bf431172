"""A page of the site with the official JavaScript client, in front of a running auth-service."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.test_main import started
from tests.loopback import free_port
from tests.npm import script_beside

CLIENT = "better-auth@1.7.25"
STORY = Path(__file__).with_name("official_client.mjs")
SITE = "https://book.example"
READER = "203.0.113.9"

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story, beside the client's package."""
    return script_beside(CLIENT, STORY, tmp_path_factory.mktemp("client"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    with running_postgres(tmp_path / "postgres", durable=False) as server:
        migrate(server.url)
        yield server.url


def lived(story: Path, auth_url: str, outbox: Path) -> dict[str, Any]:
    """Run the story, which checks each step itself, and return what it saw of its session."""
    done = subprocess.run(
        ["node", str(story)],
        env={"PATH": os.environ["PATH"], "AUTH_URL": auth_url, "SITE": SITE, "OUTBOX": str(outbox)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


@contextmanager
def reverse_proxy(port: int, *, upstream: str) -> Iterator[None]:
    """Forward what comes to the port, as a proxy does that the reader's address reaches."""
    address = urlsplit(upstream).netloc

    class Forwarder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            before = self.headers["x-forwarded-for"]
            replaced = {"x-forwarded-for", "connection"}
            headers = {
                name: it for name, it in self.headers.items() if name.lower() not in replaced
            }
            headers["X-Forwarded-For"] = f"{before}, {READER}" if before else READER
            headers["Connection"] = "close"
            connection = HTTPConnection(address, timeout=30)
            connection.request(self.command, self.path, body, headers)
            reply = connection.getresponse()
            content = reply.read()
            self.send_response_only(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in {"connection", "content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_OPTIONS = forward  # noqa: N815 -- http.server's names

    with ThreadingHTTPServer(("127.0.0.1", port), Forwarder) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_reader_lives_with_the_official_client_from_another_origin(
    story: Path, database: str, tmp_path: Path
) -> None:
    outbox = tmp_path / "outbox"
    with started(
        tmp_path, DATABASE_URL=database, TRUSTED_ORIGINS=SITE, MAIL_URL=f"file:{outbox}"
    ) as (client, _):
        seen = lived(story, f"http://localhost:{client.base_url.port}", outbox)
    assert seen["ipAddress"] == "127.0.0.1"


def test_a_reader_lives_with_the_official_client_behind_a_proxy(
    story: Path, database: str, tmp_path: Path
) -> None:
    outbox, port = tmp_path / "outbox", free_port()
    with (
        started(
            tmp_path,
            DATABASE_URL=database,
            TRUSTED_ORIGINS=SITE,
            TRUSTED_PROXIES="127.0.0.0/8",
            BETTER_AUTH_URL=f"http://127.0.0.1:{port}",
            MAIL_URL=f"file:{outbox}",
        ) as (client, _),
        reverse_proxy(port, upstream=str(client.base_url)),
    ):
        seen = lived(story, f"http://127.0.0.1:{port}", outbox)
    assert seen["ipAddress"] == READER
