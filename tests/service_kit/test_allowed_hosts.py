import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from service_kit.allowed_hosts import AllowedHostsMiddleware
from tests.service_kit.asgi import application, client


def guarded(*hosts: str) -> ASGIApp:
    return AllowedHostsMiddleware(
        application(), hosts=hosts, refuse=lambda: PlainTextResponse("not here", status_code=400)
    )


async def status(app: ASGIApp, host: str, path: str = "/echo") -> int:
    async with client(app) as http:
        return (await http.get(path, headers={"Host": host})).status_code


@pytest.mark.parametrize(
    "host",
    [
        "book.example",
        "BOOK.example",
        "book.example.",
        "book.example:8000",
        "a.wild.example",
        "a.b.wild.example:1",
        "[::1]:3001",
        "[::1]",
    ],
)
async def test_a_host_that_is_named_is_served(host: str) -> None:
    assert await status(guarded("book.example", "*.wild.example", "[::1]"), host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil-book.example",
        "book.example.evil.example",
        "wild.example",
        "evilwild.example",
        "book.example@evil.example",
        "evil.example:80@book.example",
        "book.example/evil",
        "book.example:port",
        "book.example:8000:1",
        "book.example, evil.example",
        "::1",
        "",
    ],
)
async def test_any_other_is_refused(host: str) -> None:
    assert await status(guarded("book.example", "*.wild.example", "[::1]"), host) == 400


async def test_two_hosts_are_one_too_many() -> None:
    async with client(guarded("book.example")) as http:
        request = http.build_request("GET", "/echo")
        request.headers = type(request.headers)([(b"host", b"book.example")] * 2)
        reply = await http.send(request)

    assert reply.status_code == 400


@pytest.mark.parametrize("path", ["/health", "/ready", "/internal/revocations"])
async def test_probes_and_the_other_service_come_by_any_name(path: str) -> None:
    assert await status(guarded("book.example"), "10.0.0.7:3001", path) == 404  # the echo has none
