"""Replies as Better Auth 1.7.25 gives them, member by member and byte by byte where it matters.

The expected values are those of the documented protocol; a Better Auth server was asked where it
is silent.
"""

import re
from collections.abc import AsyncIterator, Iterator

import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.auth_service.service import (
    ORIGIN,
    PASSWORD,
    Service,
    cookie_of,
    make_settings,
    serving,
)

IDENTIFIER = re.compile(r"[A-Za-z0-9]{32}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SIGNED = re.compile(r"[A-Za-z0-9]{32}\.[A-Za-z0-9+/]{43}=")
COOKIE_LINE = re.compile(
    r"better-auth\.session_token=[A-Za-z0-9]{32}\.(?:[A-Za-z0-9]|%2B|%2F)+%3D"
    r"; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
)
USER = {
    "id": IDENTIFIER,
    "name": "Mina",
    "email": "mina@example.com",
    "emailVerified": False,
    "image": None,
    "createdAt": DATE,
    "updatedAt": DATE,
    "softwareBackground": "Python",
    "hardwareBackground": None,
    "interestArea": None,
}
SESSION = {
    "id": IDENTIFIER,
    "token": IDENTIFIER,
    "userId": IDENTIFIER,
    "expiresAt": DATE,
    "createdAt": DATE,
    "updatedAt": DATE,
    "ipAddress": "203.0.113.7",
    "userAgent": re.compile("python-httpx/.*"),
}
CLEARED = [
    f"better-auth.{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    for name in ("session_token", "session_data", "dont_remember")
]


def fits(value: object, shape: object) -> bool:
    """Compare a reply with what is documented: no member more, none less, patterns in full."""
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and value.keys() == shape.keys()
            and all(fits(value[name], shape[name]) for name in shape)
        )
    return type(value) is type(shape) and value == shape


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        migrate(server.url)
        yield server.url


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with serving(make_settings(database_url)) as service:
        await service.write('DELETE FROM "user"')
        yield service


async def test_sign_up(service: Service) -> None:
    reply = await service.sign_up(softwareBackground="Python")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert fits(reply.json(), {"token": IDENTIFIER, "user": USER})
    assert COOKIE_LINE.fullmatch(reply.headers["set-cookie"])
    assert SIGNED.fullmatch(reply.headers["set-auth-token"])
    assert reply.headers["access-control-expose-headers"] == "set-auth-token"


async def test_sign_in(service: Service) -> None:
    await service.sign_up(softwareBackground="Python")
    reply = await service.sign_in()
    assert reply.status_code == 200
    assert fits(reply.json(), {"redirect": False, "token": IDENTIFIER, "user": USER})
    assert COOKIE_LINE.fullmatch(reply.headers["set-cookie"])


async def test_sign_in_with_a_callback(service: Service) -> None:
    await service.sign_up(softwareBackground="Python")
    reply = await service.sign_in(callbackURL="/a b?x#y")
    expected = {"redirect": True, "token": IDENTIFIER, "url": "/a b?x#y", "user": USER}
    assert fits(reply.json(), expected)
    assert reply.headers["location"] == "/a b?x#y"


async def test_get_session(service: Service) -> None:
    cookie = cookie_of(await service.sign_up(softwareBackground="Python"))
    reply = await service.get_session(cookie)
    assert fits(reply.json(), {"session": SESSION, "user": USER})
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["pragma"] == "no-cache"


async def test_sign_out(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    reply = await service.client.post(
        "/api/auth/sign-out", headers={"cookie": cookie, "origin": ORIGIN}
    )
    assert reply.text == '{"success":true}'
    assert reply.headers.get_list("set-cookie") == CLEARED


async def test_an_ended_session(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    await service.write("DELETE FROM session")
    reply = await service.get_session(cookie)
    assert reply.text == "null"
    assert reply.headers.get_list("set-cookie") == CLEARED


async def test_an_unremembered_sign_in(service: Service) -> None:
    await service.sign_up()
    session, mark = (await service.sign_in(rememberMe=False)).headers.get_list("set-cookie")
    assert session.endswith("%3D; Path=/; HttpOnly; SameSite=Lax")
    assert mark == (
        "better-auth.dont_remember=true.5PNKV9auFg028UL0zgrbDuquJdnpd6NASdSJrFmraHU%3D"
        "; Path=/; HttpOnly; SameSite=Lax"
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "answer"),
    [
        (
            "sign-up/email",
            {"name": "Mina", "email": "mina@example.com", "password": PASSWORD},
            422,
            {
                "message": "User already exists. Use another email.",
                "code": "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
            },
        ),
        (
            "sign-up/email",
            {"name": "", "email": "new@example.com", "password": "1234567"},
            400,
            {"message": "Password too short", "code": "PASSWORD_TOO_SHORT"},
        ),
        (
            "sign-up/email",
            {"email": "new", "password": PASSWORD},
            400,
            {
                "message": "[body.name] Invalid input: expected string, received undefined; "
                "[body.email] Invalid email address",
                "code": "VALIDATION_ERROR",
            },
        ),
        (
            "sign-up/email",
            [],
            400,
            {
                "message": "[body] Invalid input: expected object, received array; "
                "[body] Invalid input: expected record, received array",
                "code": "VALIDATION_ERROR",
            },
        ),
        (
            "sign-in/email",
            {"email": "mina@example.com", "password": "wrong"},
            401,
            {"message": "Invalid email or password", "code": "INVALID_EMAIL_OR_PASSWORD"},
        ),
        (
            "sign-in/email",
            {"email": "mina", "password": "x" * 129},
            400,
            {"message": "Invalid email", "code": "INVALID_EMAIL"},
        ),
        (
            "sign-in/email",
            {"email": "mina@example.com", "password": "x" * 129},
            400,
            {"message": "Password too long", "code": "PASSWORD_TOO_LONG"},
        ),
        (
            "sign-in/email",
            {"email": "mina@example.com", "password": "x", "callbackURL": "//evil.example"},
            403,
            {"message": "Invalid callbackURL", "code": "INVALID_CALLBACK_URL"},
        ),
        (
            "sign-out",
            {"disableRedirect": "x", "state": 5},
            400,
            {
                "message": "[body.disableRedirect] Invalid input: expected boolean, "
                "received string; [body.state] Invalid input: expected string, received number",
                "code": "VALIDATION_ERROR",
            },
        ),
    ],
)
async def test_a_refusal(
    service: Service, path: str, body: object, status: int, answer: dict[str, str]
) -> None:
    await service.sign_up()
    reply = await service.client.post(f"/api/auth/{path}", json=body)
    assert (reply.status_code, reply.json()) == (status, answer)
    assert reply.headers["content-type"] == "application/json"
