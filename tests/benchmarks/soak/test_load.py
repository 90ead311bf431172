import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.soak.load import Failed, Minute, Plan, Rates, read, running
from benchmarks.soak.readers import Reader

CHECKOUT = Path(__file__).parents[3]
ENVIRONMENT = CHECKOUT / "build/soak"
RIGHT = {
    "/api/auth/sign-in/email": b'{"token":"abc"}',
    "/api/auth/get-session": b'{"user":{"email":"a@example.com"}}',
    "/v1/chat": b'{"response":"It moves. [1]","sources":[{"n":1}],"refused":false}',
    "/v1/chat/stream": b'event: delta\ndata: {}\n\nevent: done\ndata: {"refused":false}\n\n',
}
CUT = b'event: delta\ndata: {"text":"event: done"}\n\n'
STOPPED = CUT + b'event: error\ndata: {"status":503,"retryable":true}\n\n'


@contextmanager
def answering(replies: dict[str, bytes]) -> Iterator[str]:
    """Serve these bodies, each at its path; others get 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            body = replies.get(self.path, b"{}")
            self.send_response(200 if self.path in replies else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 -- as http.server calls it

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_what_was_counted_and_what_failed_is_read(tmp_path: Path) -> None:
    one = {"count": 120, "p50": 20.5, "p99": 31.25, "max": 40}
    summary = {"failed": 1, "dropped": 2, "minutes": {"sign_in": [one]}}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    line = {
        "at": "2026-01-01T00:00:00.000Z",
        "scenario": "stream",
        "status": 200,
        "ms": 12,
        "error": "",
        "retryable": True,
        "body": "event: error",
    }
    (tmp_path / "failed.jsonl").write_text(json.dumps(line) + "\n")
    load = read(tmp_path)
    assert load.minutes == {"sign_in": [Minute(120, 20.5, 31.25, 40)]}
    assert load.dropped == 2
    assert load.failed == [
        Failed("2026-01-01T00:00:00.000Z", "stream", 200, 12, "", True, "event: error")
    ]


def test_without_a_failure_there_is_nothing_to_read_of_one(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('{"failed": 0, "dropped": 0, "minutes": {}}')
    assert read(tmp_path).failed == []


@pytest.mark.skipif(
    not (ENVIRONMENT / ".installed").is_file(), reason="k6 is there after a first `make soak`"
)
@pytest.mark.parametrize(
    ("replies", "failed"),
    [
        (RIGHT, set()),
        (RIGHT | {"/api/auth/get-session": b"null"}, {("get_session", 200, False)}),
        (RIGHT | {"/v1/chat": b'{"response":"No.","sources":[]}'}, {("answer", 200, False)}),
        (
            RIGHT | {"/v1/chat": RIGHT["/v1/chat"].replace(b"false", b"true")},
            {("answer", 200, False)},
        ),
        (
            RIGHT | {"/v1/chat/stream": RIGHT["/v1/chat/stream"].replace(b"false", b"true")},
            {("stream", 200, False)},
        ),
        (RIGHT | {"/v1/chat": b"<html>"}, {("answer", 200, False)}),
        (RIGHT | {"/v1/chat/stream": CUT}, {("stream", 200, False)}),
        (RIGHT | {"/v1/chat/stream": STOPPED}, {("stream", 200, True)}),
        ({}, {(name, 404, False) for name in ("sign_in", "get_session", "answer", "stream")}),
    ],
)
def test_each_reply_that_is_not_as_it_should_be_is_told(
    tmp_path: Path, replies: dict[str, bytes], failed: set[tuple[str, int, bool]]
) -> None:
    readers = [Reader("a@example.com", "secret", "session=1", "jwt")]
    with (
        answering(replies) as url,
        running(
            Plan(url, url, 1, Rates(4, 4, 4, 4)), readers, tmp_path, environment=ENVIRONMENT
        ) as requests,
    ):
        load = requests.result()
    assert {(each.scenario, each.status, each.retryable) for each in load.failed} == failed
    assert {name: len(minutes) for name, minutes in load.minutes.items()} == dict.fromkeys(
        ("sign_in", "get_session", "answer", "stream"), 1
    )
    assert all(minutes[0].count >= 4 for minutes in load.minutes.values())


@pytest.mark.skipif(
    not (ENVIRONMENT / ".installed").is_file(), reason="k6 is there after a first `make soak`"
)
def test_what_was_asked_until_it_is_stopped_is_told(tmp_path: Path) -> None:
    readers = [Reader("a@example.com", "secret", "session=1", "jwt")]
    with (
        answering(RIGHT) as url,
        running(
            Plan(url, url, 300, Rates(4, 40, 4, 4)), readers, tmp_path, environment=ENVIRONMENT
        ) as requests,
    ):
        time.sleep(2)
        requests.stop()
        load = requests.result()
    assert load.failed == []
    assert sum(minute.count for minute in load.minutes["get_session"]) >= 4
