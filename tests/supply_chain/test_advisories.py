"""pip-audit itself, asking a database on loopback that answers as osv.dev does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from supply_chain.advisories import main

KNOWN: dict[str, object] = {
    "id": "PYSEC-2026-7",
    "aliases": ["CVE-2026-1234"],
    "summary": "It tells what it should not.",
    "modified": "2026-01-02T03:04:05Z",
    "published": "2026-01-02T03:04:05Z",
    "affected": [
        {
            "package": {"name": "structlog", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]},
            ],
        }
    ],
}


@contextmanager
def database(known: dict[str, object]) -> Iterator[str]:
    """Answer for each package with what is known, if it is structlog."""

    class Database(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            vulns = [known] if known and asked["package"]["name"] == "structlog" else []
            body = json.dumps({"vulns": vulns} if vulns else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    pins = [f"{name}==26.1.0 \\\n    --hash=sha256:{'0' * 64}\n" for name in ("structlog", "rich")]
    path = tmp_path / "lock.txt"
    path.write_text("".join(pins), encoding="utf-8")
    return path


@pytest.mark.parametrize(("flags", "status"), [((), 0), (("--strict",), 1)])
def test_an_advisory_is_told_and_fails_a_release_alone(
    lock: Path, flags: tuple[str, ...], status: int
) -> None:
    said: list[str] = []
    with database(KNOWN) as address:
        ended = main([*flags, "--osv-url", address], locks=[lock], say=said.append)

    assert ended == status
    assert said == [
        "structlog 26.1.0: PYSEC-2026-7, CVE-2026-1234, mended in 99.1",
        "2 packages asked about; advisories: 1.",
    ]


def test_where_nothing_is_known_a_release_may_leave(lock: Path) -> None:
    said: list[str] = []
    with database({}) as address:
        ended = main(["--strict", "--osv-url", address], locks=[lock], say=said.append)

    assert (ended, said) == (0, ["2 packages asked about; advisories: 0."])


@pytest.mark.parametrize(("flags", "status"), [((), 0), (("--strict",), 2)])
def test_a_database_that_is_away_is_told_and_stops_a_release_alone(
    lock: Path, flags: tuple[str, ...], status: int
) -> None:
    said: list[str] = []
    address = "http://127.0.0.1:1/v1/query"
    ended = main([*flags, "--osv-url", address], locks=[lock], say=said.append)

    assert ended == status
    why = "the database cannot be asked (requests.exceptions.ConnectionError)"
    assert said == [f"Advisories are left out: {why}."]
