"""Advisories on rate limits: other spellings of a path or of an address gave new tries.

GHSA-x732-6j76-qmhm (doubled slashes), GHSA-p6v2-xcpg-h6xw (spellings and a /64 of IPv6 addresses).
"""

from collections.abc import AsyncIterator

import pytest

from tests.auth_service.service import PASSWORD, Service, cookie_of, make_settings, serving

BODY = {"email": "mina@example.com", "password": "a wrong password"}
SPELLED = [
    "/api/auth//sign-in/email",
    "/api/auth///sign-in/email",
    "//api/auth/sign-in/email",
    "/api//auth/sign-in/email",
    "/api/auth/sign-in//email",
    "/api/auth/sign-in/email/",
    "/api/auth/sign-in/email//",
    "/api/auth/./sign-in/email",
    "/api/auth/x/../sign-in/email",
    "/api/auth/%2fsign-in/email",
    "/api/auth/sign-in%2femail",
    "/api/auth/sign-in%5cemail",
    "/api/auth/%73ign-in/email",
    "/api/auth/sign-in/email%00",
    "/api/auth/sign-in/email%20",
    "/api/auth/sign-in/email;x",
    "/api/auth/Sign-In/Email",
    "/API/AUTH/sign-in/email",
    "/api/auth/sign-in/email%3fx",
]


@pytest.fixture
async def limited(service: Service, database_url: str) -> AsyncIterator[Service]:
    settings = make_settings(database_url, RATE_LIMIT="on", CREDENTIAL_RATE_LIMIT="3/minute")
    async with serving(settings) as limited:
        yield limited


@pytest.fixture
async def behind_a_proxy(service: Service, database_url: str) -> AsyncIterator[Service]:
    settings = make_settings(
        database_url,
        RATE_LIMIT="on",
        CREDENTIAL_RATE_LIMIT="3/minute",
        TRUSTED_PROXIES="203.0.113.0/24",
    )
    async with serving(settings) as limited:
        yield limited


async def statuses(service: Service, forwarded: list[list[str]]) -> list[int]:
    """Try to sign in once for each list of X-Forwarded-For lines."""
    replies = [
        await service.client.post(
            "/api/auth/sign-in/email",
            json=BODY,
            headers=[("x-forwarded-for", line) for line in lines],
        )
        for lines in forwarded
    ]
    return [reply.status_code for reply in replies]


@pytest.mark.parametrize("path", SPELLED)
async def test_no_other_spelling_of_a_path_gives_more_tries(limited: Service, path: str) -> None:
    for _ in range(3):
        assert (await limited.sign_in()).status_code == 401
    # An absolute address, as httpx would take what follows a leading double slash for a host.
    reply = await limited.client.post(f"http://localhost:3001{path}", json=BODY)
    assert (reply.status_code, reply.content) == (404, b"") or reply.status_code == 429


@pytest.mark.parametrize(
    "path", ["/api/auth//sign-in/email", "/api/auth/sign-in//email", "/api/auth/sign-in/email/"]
)
async def test_a_double_slash_signs_nobody_in(service: Service, path: str) -> None:
    await service.sign_up()
    good = {"email": "mina@example.com", "password": PASSWORD}
    reply = await service.client.post(path, json=good)
    assert (reply.status_code, reply.content) == (404, b"")
    assert "set-cookie" not in reply.headers


async def test_a_forwarded_address_is_not_believed_of_just_anybody(limited: Service) -> None:
    lines = [[f"198.51.100.{last}"] for last in range(4)]
    assert await statuses(limited, lines) == [401, 401, 401, 429]
    for header in ("x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip", "x-client-ip"):
        reply = await limited.client.post(
            "/api/auth/sign-in/email", json=BODY, headers={header: "198.51.100.77"}
        )
        assert reply.status_code == 429


async def test_what_a_caller_claims_before_the_proxys_word_gives_no_more_tries(
    behind_a_proxy: Service,
) -> None:
    lines = [[f"192.0.2.{last}, 198.51.100.7"] for last in range(4)]
    assert await statuses(behind_a_proxy, lines) == [401, 401, 401, 429]


async def test_of_doubled_forwarded_headers_the_proxys_own_is_the_last(
    behind_a_proxy: Service,
) -> None:
    lines = [[f"192.0.2.{last}", "198.51.100.7"] for last in range(4)]
    assert await statuses(behind_a_proxy, lines) == [401, 401, 401, 429]
    # The honest neighbour, who sends one line, is counted alone.
    assert await statuses(behind_a_proxy, [["198.51.100.8"]]) == [401]


@pytest.mark.parametrize(
    "spellings",
    [
        ["2001:db8::1", "2001:DB8::1", "2001:0db8:0:0:0:0:0:1", "2001:db8:0::0.0.0.1"],
        ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1", "2001:db8:0:0:ffff:ffff:ffff:ffff"],
        ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "::FFFF:C000:0201"],
    ],
)
async def test_no_other_spelling_of_an_address_gives_more_tries(
    behind_a_proxy: Service, spellings: list[str]
) -> None:
    lines = [[spelling] for spelling in spellings]
    assert await statuses(behind_a_proxy, lines) == [401, 401, 401, 429]


async def test_a_session_remembers_the_address_vouched_for_and_no_other(
    behind_a_proxy: Service,
) -> None:
    reply = await behind_a_proxy.client.post(
        "/api/auth/sign-up/email",
        json={"name": "Mina", "email": "mina@example.com", "password": PASSWORD},
        headers=[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "198.51.100.7")],
    )
    found = (await behind_a_proxy.get_session(cookie_of(reply))).json()
    assert found["session"]["ipAddress"] == "198.51.100.7"


async def test_an_address_in_capitals_gives_no_more_tries_at_an_account(
    service: Service, database_url: str
) -> None:
    settings = make_settings(
        database_url,
        RATE_LIMIT="on",
        CREDENTIAL_RATE_LIMIT="1000/minute",
        PASSWORD_TRIES_LIMIT="3/minute",
    )
    async with serving(settings) as limited:
        spelled = ["mina@example.com", "Mina@example.com", "MINA@EXAMPLE.COM", "mina@Example.com"]
        replies = [await limited.sign_in(email, password="wrong password") for email in spelled]
    assert [reply.status_code for reply in replies] == [401, 401, 401, 429]
