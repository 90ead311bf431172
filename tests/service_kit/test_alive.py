import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        del arguments


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def alive(**environment: str) -> int:
    command = [sys.executable, "-m", "service_kit.alive", "SOME_PORT", "1"]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def test_a_service_that_answers_is_alive(port: int) -> None:
    assert alive(SOME_PORT=str(port)) == 0


def test_the_common_port_is_asked_where_the_own_one_is_unset(port: int) -> None:
    assert alive(PORT=str(port)) == 0


def test_a_service_that_does_not_answer_is_not() -> None:
    assert alive() == 1
