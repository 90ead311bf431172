import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.auth_service.database.relay import Relay
from tests.auth_service.mail.server import eventually
from tests.auth_service.service import COOKIE_SECRET, PASSWORD, TOKEN_SECRET, bare_environment
from tests.loopback import free_port

NOWHERE = "postgresql://book:secret-word@127.0.0.1:1/book"


def environment(**values: str) -> dict[str, str]:
    settings = {
        "DATABASE_URL": NOWHERE,
        "BETTER_AUTH_SECRET": COOKIE_SECRET,
        "JWT_SECRET": TOKEN_SECRET,
    }
    return bare_environment(**{**settings, **values})


@contextmanager
def started(
    folder: Path, *arguments: str, **values: str
) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """Run the service as its command does, until the block is left."""
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "auth_service", *arguments],
            cwd=folder,
            env=environment(AUTH_SERVER_PORT=str(port), **values),
            stdout=log,
            stderr=log,
            text=True,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_healthy(client, process)
            yield client, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def wait_until_healthy(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service did not start")


def test_it_serves_readers_over_real_sockets(tmp_path: Path, database_url: str) -> None:
    with started(tmp_path, DATABASE_URL=database_url) as (client, process):
        body = {"name": "Sock", "email": "socket@example.com", "password": PASSWORD}
        assert client.post("/api/auth/sign-up/email", json=body).status_code == 200
        client.headers["origin"] = "http://localhost:3000"
        assert client.get("/api/auth/get-session").json()["user"]["name"] == "Sock"
        reply = client.post("/api/auth/sign-out")
        assert reply.json() == {"success": True}
        assert "server" not in reply.headers
        assert client.get("/api/auth/get-session").text == "null"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_doubled_slashes_and_headers_open_nothing_over_real_sockets(
    tmp_path: Path, database_url: str
) -> None:
    body = {"name": "Twice", "email": "twice@example.com", "password": PASSWORD}
    with started(tmp_path, DATABASE_URL=database_url) as (client, _):
        twice = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2")]
        signed_up = client.post("/api/auth/sign-up/email", json=body, headers=twice)
        assert client.get("/api/auth/get-session").json()["session"]["ipAddress"] == "127.0.0.1"
        client.cookies.clear()
        for path in (b"//api/auth/sign-in/email", b"/api/auth//sign-in/email"):
            reply = client.post(client.base_url.copy_with(raw_path=path), json=body)
            assert (reply.status_code, reply.content) == (404, b"")
        good = ("cookie", signed_up.headers["set-cookie"].partition(";")[0])
        forged = ("cookie", f"better-auth.session_token={signed_up.json()['token']}")
        for lines, opened in (([forged, good], False), ([good, forged], True)):
            reply = client.get("/api/auth/get-session", headers=lines)
            assert (reply.text != "null") is opened
        for first, second in (("3000", "3666"), ("3666", "3000")):
            origins = [("origin", f"http://localhost:{port}") for port in (first, second)]
            reply = client.post("/api/auth/sign-out", headers=[good, *origins])
            assert (reply.status_code, reply.json()["code"]) == (403, "INVALID_ORIGIN")
        assert client.get("/api/auth/get-session", headers=[good]).text != "null"


def test_it_starts_without_its_database_and_says_so(tmp_path: Path) -> None:
    with started(tmp_path) as (client, _):
        reply = client.get("/ready")
        assert (reply.status_code, reply.json()["dependencies"]) == (
            503,
            {"database": "unavailable"},
        )


async def test_it_waits_for_its_database_says_so_and_serves_once_it_is_there(
    tmp_path: Path, database_url: str
) -> None:
    relay = Relay(urlsplit(database_url).port or 0)
    await relay.restore()
    await relay.cut()
    url = database_url.replace(f":{relay.target}/", f":{relay.port}/")
    log = tmp_path / "log"
    with started(tmp_path, DATABASE_URL=url) as (client, _):
        await eventually(lambda: '"service_waiting"' in log.read_text())
        assert client.get("/ready").status_code == 503
        assert '"service_ready"' not in log.read_text()
        await relay.restore()
        await eventually(lambda: '"service_ready"' in log.read_text())
        body = {"name": "Late", "email": "waits@example.com", "password": PASSWORD}
        reply = await asyncio.to_thread(client.post, "/api/auth/sign-up/email", json=body)
        assert reply.status_code == 200
    await relay.cut()
    assert '"waits_for": ["database"]' in log.read_text().replace('":[', '": [')


def test_it_says_at_the_start_what_stands_in_for_channel_binding(tmp_path: Path) -> None:
    asked = f"{NOWHERE}?sslmode=require&channel_binding=require"
    with started(tmp_path, DATABASE_URL=asked):
        pass
    said = (tmp_path / "log").read_text()
    assert "the server's certificate is verified instead" in said
    assert "secret-word" not in said


def test_a_caller_who_hangs_up_while_sending_is_no_crash(tmp_path: Path) -> None:
    with started(tmp_path) as (client, _):
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as caller:
            caller.sendall(
                b"POST /api/auth/sign-in HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
            )
            time.sleep(0.2)
        time.sleep(0.2)
        assert client.get("/health").status_code == 200
    assert "request_crashed" not in (tmp_path / "log").read_text()


def test_a_body_without_end_is_refused_over_real_sockets(tmp_path: Path) -> None:
    with started(tmp_path) as (client, _):
        headers = {"content-type": "application/json"}
        pieces = (b" " * 1000 for _ in range(1000))
        reply = client.post("/api/auth/sign-in", content=pieces, headers=headers)
        assert reply.status_code == 413


def test_it_starts_again_when_told_to_watch_the_code(tmp_path: Path) -> None:
    with started(tmp_path, "--reload") as (client, _):
        assert client.get("/api/auth/ok").json() == {"ok": True}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"JWT_SECRET": ""}, "JWT_SECRET is not set"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set: libpq URL of the PostgreSQL database"),
        ({"JWT_SECRET": "short"}, "JWT_SECRET is shorter than 32 characters"),
        ({"JWT_SECRET": COOKIE_SECRET}, "JWT_SECRET is the same as BETTER_AUTH_SECRET"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL does not begin with postgresql://"),
        ({"AUTH_SERVER_PORT": "x"}, "AUTH_SERVER_PORT "),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_code_2(
    tmp_path: Path, values: dict[str, str], words: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "auth_service"],
        cwd=tmp_path,
        env=environment(**values),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words)
    assert len(done.stderr.splitlines()) == 1
    assert "secret-word" not in done.stderr
