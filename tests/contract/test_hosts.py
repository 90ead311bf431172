"""What a request says of its own host opens nothing, at neither service.

Sent as bytes over a socket: no client would let most of these through.
"""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import jwt
import pytest

from tests.auth_service.service import COOKIE, PASSWORD
from tests.contract.both_services import Site, running_site, signed_up

SECONDS = 10.0

HOSTS = {
    "another's": b"Host: evil.example\r\n",
    "a path within": b"Host: localhost/health?x=\r\n",
    "a path to the health check": b"Host: localhost/health#\r\n",
    "a question within": b"Host: localhost?\r\n",
    "a fragment within": b"Host: localhost#\r\n",
    "half an IPv6 address": b"Host: [::1\r\n",
    "brackets around nothing": b"Host: []\r\n",
    "an IPv6 address that is none": b"Host: [::zz]\r\n",
    "two brackets": b"Host: ]][[\r\n",
    "a user within": b"Host: localhost:3001@evil.example\r\n",
    "a port that is none": b"Host: localhost:port\r\n",
    "a port beyond the last": b"Host: localhost:99999999\r\n",
    "a backslash": b"Host: localhost\\evil.example\r\n",
    "a space": b"Host: local host\r\n",
    "a tab": b"Host: local\thost\r\n",
    "bytes that are no text": b"Host: \xff\xfe\xfa\r\n",
    "nothing": b"Host:\r\n",
    "no Host at all": b"",
    "two of them": b"Host: localhost:3001\r\nHost: evil.example\r\n",
    "one, folded": b"Host: localhost\r\n evil.example\r\n",
    "a forwarded one too": b"Host: localhost\r\nX-Forwarded-Host: localhost:3001\r\n"
    b"X-Forwarded-Proto: https\r\nForwarded: host=localhost:3001\r\nX-Original-URL: /health\r\n",
    "10 KiB": b"Host: " + b"a" * 10_240 + b"\r\n",
}

every_host = pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("hosts")) as site:
        yield site


@pytest.fixture(scope="module")
def cookie(site: Site) -> bytes:
    with signed_up(site, "host@example.com") as reader:
        return f"{COOKIE}={reader.cookies[COOKIE]}".encode()


def send(address: str, head: bytes, host: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request and return status and all of the reply; 0 where the server just hangs up.

    Args:
        address: The service's.
        head: Request line and headers but Host, each with its line break.
        host: That line, or lines.
        body: What follows.
    """
    line, _, rest = head.partition(b"\r\n")
    parts = urlsplit(address)
    with closing(socket.create_connection((parts.hostname or "", parts.port or 0))) as connection:
        connection.settimeout(SECONDS)
        connection.sendall(line + b"\r\n" + host + rest + b"Connection: close\r\n\r\n" + body)
        received = b""
        give_up_at = time.monotonic() + SECONDS
        while piece := connection.recv(65536):
            received += piece
            assert time.monotonic() < give_up_at
    status = re.match(rb"HTTP/1\.1 (\d{3}) ", received)
    return (int(status[1]) if status else 0), received


@every_host
@pytest.mark.parametrize("path", [b"/v1/me", b"/v1/search?q=x", b"/v1/me/../health", b"//v1/me"])
def test_api_service_asks_for_a_token_whatever_the_host(
    site: Site, host: bytes, path: bytes
) -> None:
    status, reply = send(site.api, b"GET " + path + b" HTTP/1.1\r\n", host)

    assert status in {400, 401, 404}
    assert b"user_id" not in reply
    assert b'"healthy"' not in reply


@every_host
@pytest.mark.parametrize("target", [b"http://localhost/v1/me", b"http://x/health/../v1/me"])
def test_an_absolute_target_opens_nothing_either(site: Site, host: bytes, target: bytes) -> None:
    status, reply = send(site.api, b"GET " + target + b" HTTP/1.1\r\n", host)

    assert status in {400, 401, 404}
    assert b"user_id" not in reply


@every_host
@pytest.mark.parametrize(
    "path",
    [
        b"/api/auth/token",
        b"/api/auth/jwt",
        b"/api/auth/list-sessions",
        b"/api/auth/list-accounts",
        b"/internal/revocations",
        b"/internal/x",
    ],
)
def test_auth_service_asks_for_a_session_whatever_the_host(
    site: Site, host: bytes, path: bytes
) -> None:
    status, reply = send(site.auth, b"GET " + path + b" HTTP/1.1\r\n", host)

    assert status in {400, 401, 404}
    assert b"set-cookie" not in reply.lower()


@every_host
def test_the_host_is_no_trusted_origin(site: Site, cookie: bytes, host: bytes) -> None:
    name = host.split(b"\r\n")[0].partition(b":")[2].strip()
    for origin in (b"http://" + name, b"https://evil.example", b"null"):
        head = (
            b"POST /api/auth/revoke-sessions HTTP/1.1\r\nCookie: "
            + cookie
            + b"\r\nOrigin: "
            + origin
            + b"\r\nSec-Fetch-Site: same-origin\r\n"
            + b"Content-Type: application/json\r\nContent-Length: 2\r\n"
        )
        status, reply = send(site.auth, head, host, b"{}")

        assert status in {400, 403}, reply


@every_host
def test_a_token_names_the_settings_address_whatever_the_host(
    site: Site, cookie: bytes, host: bytes
) -> None:
    head = b"GET /api/auth/token HTTP/1.1\r\nCookie: " + cookie + b"\r\n"
    status, reply = send(site.auth, head, host)

    assert status in {200, 400}, reply
    if status == 200:
        token = re.findall(rb'"token":"([^"]+)"', reply)[0].decode()
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["iss"] == claims["aud"] == site.origin
        assert b"evil" not in reply


@every_host
def test_a_sign_in_is_judged_by_its_origin_whatever_the_host(site: Site, host: bytes) -> None:
    body = b'{"email":"host@example.com","password":"' + PASSWORD.encode() + b'"}'
    head = (
        b"POST /api/auth/sign-in/email HTTP/1.1\r\nOrigin: https://evil.example\r\n"
        b"Content-Type: application/json\r\nContent-Length: " + str(len(body)).encode() + b"\r\n"
    )
    status, reply = send(site.auth, head, host, body)

    assert status in {400, 403}, reply
    assert b"set-cookie" not in reply.lower()
