"""Section 13 of the reference: GET /error."""

from collections.abc import AsyncIterator

import pytest

from tests.auth_service.service import Service, make_settings, serving

HOSTILE = "<script>alert('x')</script> & \"quoted\" &amp; é"


@pytest.fixture(scope="module")
async def public(database_url: str) -> AsyncIterator[Service]:
    settings = make_settings(database_url, BETTER_AUTH_URL="https://auth.book.example")
    async with serving(settings) as service:
        yield service


async def test_on_this_machine_it_is_a_page_that_says_what_went_wrong(service: Service) -> None:
    said = {"error": "invalid_code-1", "error_description": "The link is used up."}
    reply = await service.client.get("/api/auth/error", params=said)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "<code>invalid_code-1</code>" in reply.text
    assert "<p>The link is used up.</p>" in reply.text


@pytest.mark.parametrize("code", ["", "<b>", "a b", "a\n", "é", "%", "a;b"])
async def test_a_code_that_is_none_becomes_unknown(
    service: Service, public: Service, code: str
) -> None:
    reply = await service.client.get("/api/auth/error", params={"error": code})
    assert "<code>UNKNOWN</code>" in reply.text
    reply = await public.client.get("/api/auth/error", params={"error": code})
    assert reply.headers["location"] == "/?error=UNKNOWN"


async def test_the_description_is_escaped_and_the_page_runs_nothing(service: Service) -> None:
    said = {"error": "it's", "error_description": HOSTILE}
    reply = await service.client.get("/api/auth/error", params=said)
    assert "<code>it&#x27;s</code>" in reply.text
    assert "<script" not in reply.text
    assert (
        "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;quoted&quot;" in reply.text
    )
    assert "default-src 'none'" in reply.headers["content-security-policy"]


async def test_where_the_service_is_public_the_site_is_to_say_it(public: Service) -> None:
    for query, location in (
        ("", "/?error=UNKNOWN"),
        ("?error=a_b", "/?error=a_b"),
        ("?error=it's-1", "/?error=it%27s-1"),
        ("?error=a&error=b", "/?error=a"),
        ("?error=a&error_description=", "/?error=a"),
        ("?error=&error_description=x", "/?error=UNKNOWN&error_description=x"),
        (
            "?error=a&error_description=b%20c%26%0D%0ASet-Cookie:%20d",
            "/?error=a&error_description=b+c%26%0D%0ASet-Cookie%3A+d",
        ),
    ):
        reply = await public.client.get(f"/api/auth/error{query}")
        assert (reply.status_code, reply.headers["location"]) == (302, location)
        assert reply.content == b""


async def test_only_get_is_answered(service: Service) -> None:
    for method in ("POST", "HEAD", "PUT"):
        assert (await service.client.request(method, "/api/auth/error")).status_code == 404


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("", False),
        ("http://localhost:3001", False),
        ("http://127.0.0.1:3001", False),
        ("http://[::1]:3001", False),
        ("http://auth.localhost", False),
        ("http://auth.book.example", True),
        ("https://localhost.example", True),
    ],
)
def test_a_service_is_public_where_its_address_is_not_of_this_machine(
    address: str, is_public: bool
) -> None:
    settings = make_settings("postgresql://host/database", BETTER_AUTH_URL=address)
    assert settings.is_public is is_public
