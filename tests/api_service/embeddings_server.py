"""A server that answers OpenAI's embeddings endpoint as its script says."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIMENSIONS = 4


@dataclass
class Embeddings:
    """What the server was asked, and what it shall do.

    Attributes:
        url: To be given as OPENAI_BASE_URL.
        texts: Every text it made a vector of.
        fail_after: Requests it answers before it refuses every one; None for no end.
        stall_after: Requests it answers before it falls silent until `go_on` is set.
        seconds: How long it takes for each answer.
        most_at_once: Most requests that were under way at one time.
    """

    url: str = ""
    texts: list[str] = field(default_factory=list)
    fail_after: int | None = None
    stall_after: int | None = None
    seconds: float = 0.0
    most_at_once: int = 0
    requests: int = 0
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> int:
        with self._lock:
            self.requests += 1
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            return self.requests

    def end(self) -> None:
        with self._lock:
            self._under_way -= 1


def vector(text: str) -> list[float]:
    return [1.0 + byte for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]


@contextmanager
def embeddings_server() -> Iterator[Embeddings]:
    script = Embeddings()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = script.begin()
            try:
                time.sleep(script.seconds)
                if script.stall_after is not None and number > script.stall_after:
                    script.stalled.set()
                    script.go_on.wait(30)
                if script.fail_after is not None and number > script.fail_after:
                    self._answer(401, {"error": {"message": "Incorrect key: sk-secret"}})
                    return
                script.texts.extend(body["input"])
                entries = [
                    {"object": "embedding", "index": place, "embedding": vector(text)}
                    for place, text in enumerate(body["input"])
                ]
                self._answer(200, {"object": "list", "data": entries, "model": body["model"]})
            finally:
                script.end()

        def _answer(self, status: int, body: dict[str, object]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                self.wfile.write(data)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name there
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield script
    finally:
        script.go_on.set()
        server.shutdown()
        server.server_close()
