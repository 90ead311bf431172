"""Advisories on open redirects: CVE-2024-56734, CVE-2025-27143, CVE-2025-53535 and their kind.

Better Auth was mended several times, for each check left another spelling of a foreign address.
The routes come from the service's own description, so a route that is added is under test.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from auth_service.app import create_app
from auth_service.origins import REDIRECTS
from tests.auth_service.mailed import mailing
from tests.auth_service.service import ORIGIN, PASSWORD, Service, cookie_of, make_settings, serving

MINA = "mina@example.com"

# By kind; each leads to another server in some browser, or once did.
EVIL = {
    "no scheme": ["//evil.example", "///evil.example", "////evil.example/%2f.."],
    "backslash": ["/\\evil.example", "\\\\evil.example", "/\\/evil.example", "/a\\..\\evil"],
    "encoded slash": ["/%2f%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "%2f%2fevil"],
    "tab and newline": ["/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "/a\tb"],
    "other control character": ["/\x02/evil.example", "/\x7f", "/\x85/evil.example", "\x01//evil"],
    "dot segments": ["/.//evil.example", "/a/..//evil.example", "/%2e//evil.example", "/..//evil"],
    "white space before": [" //evil.example", " https://evil.example", "\u00a0//evil.example"],
    "user info": [
        "http://localhost:3000@evil.example",
        "http://localhost:3000:x@evil.example",
        "http://localhost:3000\\@evil.example",
        "http://evil.example@localhost:3000",
        "https://x@pr-7.book.example",
    ],
    "look-alike host": [
        "http://localhost:3000.evil.example",
        "http://localhost:30001",
        "http://localhost",
        "https://localhost:3000",
        "http://notlocalhost:3000",
    ],
    "look-alike wildcard": [
        "https://evilbook.example",
        "https://book.example",
        "https://pr-7.book.example.evil.example",
        "https://evil.example/pr-7.book.example",
        "https://evil.example?pr-7.book.example",
        "https://evil.example#.book.example",
        "https://evil.example%2f.book.example",
        "https://evil.example\\.book.example",
        "https://evil.example%00.book.example",
        "https://evil.example .book.example",
        "http://pr-7.book.example",
        "http://192.168.evil.example",
        "http://192.168.0.1.evil.example",
    ],
    "international name": [
        "http://löcalhost:3000",
        "http://lоcalhost:3000",  # noqa: RUF001 -- Cyrillic, on purpose
        "http://xn--lcalhost-n4a:3000",
        "https://evil.example\uff0f.book.example",  # a solidus, once normalised
        "https://evil.example\uff03.book.example",
        "https://evil\u3002example",
    ],
    "IPv6 literal": [
        "http://[::1]:3000",
        "http://[::ffff:127.0.0.1]:3001",
        "http://[::ffff:192.168.0.1]",
        "http://[::1%25lo]:3001",
        "http://[::1].book.example",
        "http://[localhost]:3000",
        "http://[fe80::1:3000]",  # not port 3000 of the trusted [fe80::1]
    ],
    "IPv4 in other words": ["http://2130706433:3000", "http://0x7f.1:3000", "http://0300.168.1.1"],
    "script": [
        "javascript:alert(1)",
        "JavaScript://localhost:3000/%0aalert(1)",
        "javascript://x.preview.example/%0aalert(1)",
        "data:text/html,x",
        "data://x.preview.example/,x",
        "vbscript:x",
    ],
    "no address": ["evil", "evil.example", "?", "#x", "http:evil.example", "https:/evil.example"],
}
TRUSTED = f"{ORIGIN},https://*.book.example,*.preview.example,192.168.*.*,http://[fe80::1]:3000"
GOOD = ["/welcome", f"{ORIGIN}/x", "https://pr-7.book.example", "http://192.168.0.1/"]


@pytest.fixture(scope="module")
async def trusting(database_url: str) -> AsyncIterator[Service]:
    async with serving(make_settings(database_url, TRUSTED_ORIGINS=TRUSTED)) as service:
        yield service


def _routes() -> tuple[list[str], list[str]]:
    """Return the paths that are posted to, and those that lead to a callbackURL in their query."""
    paths = create_app(make_settings("postgresql://host/database")).openapi()["paths"]
    leading = [
        path.replace("{token}", "x")
        for path, operations in paths.items()
        for parameter in operations.get("get", {}).get("parameters", ())
        if parameter["name"] == "callbackURL"
    ]
    return [path for path, operations in paths.items() if "post" in operations], leading


POSTED, LEADING = _routes()


def test_the_routes_that_redirect_are_all_found() -> None:
    assert {path.removeprefix("/api/auth/") for path in LEADING} == {
        "reset-password/x",
        "verify-email",
        "delete-user/callback",
    }
    assert {"/api/auth/sign-in/email", "/api/auth/change-email"} < set(POSTED)


def refused(reply: httpx.Response, code: str) -> bool:
    return (
        reply.status_code == 403
        and reply.json()["code"] == code
        and "location" not in reply.headers
        and "url" not in reply.json()
    )


@pytest.mark.parametrize("kind", EVIL)
async def test_no_route_redirects_to_a_foreign_place(trusting: Service, kind: str) -> None:
    client = trusting.client
    for url in EVIL[kind]:
        for path in POSTED:
            for member, (_, code) in REDIRECTS.items():
                reply = await client.post(path, json={member: url})
                assert refused(reply, code.name), (url, path, member, reply.text)
            reply = await client.post(f"{path}?callbackURL={quote(url, safe='')}")
            assert refused(reply, "INVALID_CALLBACK_URL"), (url, path, "query")
        for path in LEADING:
            reply = await client.get(path, params={"token": "x", "callbackURL": url})
            assert refused(reply, "INVALID_CALLBACK_URL"), (url, path)


async def test_trusted_places_are_still_redirected_to(trusting: Service) -> None:
    for url in GOOD:
        for path in POSTED:
            reply = await trusting.client.post(path, json=dict.fromkeys(REDIRECTS, url))
            assert reply.status_code != 403, (url, path)
        reply = await trusting.client.get(
            "/api/auth/verify-email", params={"token": "x", "callbackURL": url}
        )
        assert reply.headers["location"] == f"{url}?error=INVALID_TOKEN".replace(
            "example?", "example/?"
        )


async def test_a_form_redirects_to_no_foreign_place_either(trusting: Service) -> None:
    for path in ("sign-in/email", "sign-up/email", "sign-in", "sign-up"):
        reply = await trusting.client.post(
            f"/api/auth/{path}", data={"callbackURL": "//evil.example"}
        )
        assert refused(reply, "INVALID_CALLBACK_URL")


async def test_a_redirect_that_is_no_text_is_refused_without_a_code(trusting: Service) -> None:
    for value in (5, True, ["/a"], {"a": "/b"}):
        for path in POSTED:
            for member, (name, _) in REDIRECTS.items():
                reply = await trusting.client.post(path, json={member: value})
                said = {"message": f"Invalid {name}: expected a string"}
                assert (reply.status_code, reply.json()) == (400, said), (path, member)


async def test_a_callback_given_twice_leads_nowhere(trusting: Service) -> None:
    for path in LEADING:
        for first, second in (("/a", "//evil.example"), ("//evil.example", "/a")):
            reply = await trusting.client.get(
                f"{path}?token=x&callbackURL={first}&callbackURL={second}"
            )
            assert reply.status_code == 400
            assert "location" not in reply.headers


async def test_no_foreign_address_gets_into_a_mail(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path, DELETE_USER="mail") as site:
        cookie = await site.reader()
        for path, body in (
            ("sign-up/email", {"name": "M", "email": "new@example.com", "password": PASSWORD}),
            ("request-password-reset", {"email": MINA}),
            ("send-verification-email", {"email": MINA}),
            ("change-email", {"newEmail": "new@example.com"}),
            ("delete-user", {}),
        ):
            member = "redirectTo" if "reset" in path else "callbackURL"
            reply = await site.post(path, {**body, member: "https://evil.example"}, cookie)
            assert reply.status_code == 403
        assert site.outbox.mails() == []


async def test_mailed_links_are_built_from_no_header(database_url: str, tmp_path: Path) -> None:
    """GHSA-569q-mpph-wgww: the first request's address became the server's own."""
    forged = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        "forwarded": "host=evil.example;proto=https",
    }
    async with mailing(database_url, tmp_path) as site:
        await site.service.client.get("/api/auth/ok", headers=forged)
        await site.reader()
        for path in ("request-password-reset", "send-verification-email"):
            await site.post(path, {"email": MINA}, **forged)
            assert site.outbox.latest()["url"].startswith("http://localhost:3001/api/auth/")
        reply = await site.service.client.get(
            "/api/auth/reset-password/x?callbackURL=/a", headers=forged
        )
        assert reply.headers["location"] == "http://localhost:3001/a?error=INVALID_TOKEN"


async def test_a_location_holds_no_second_header(trusting: Service) -> None:
    for url in ("/a%0d%0aSet-Cookie:%20b=c", "/a?b=%0d%0ac", "/ä\u2028b"):
        reply = await trusting.client.get(
            "/api/auth/verify-email", params={"token": "x", "callbackURL": url}
        )
        assert reply.headers["location"].isascii()
        assert reply.headers["location"].isprintable()
        assert "set-cookie" not in reply.headers


async def test_no_error_page_runs_what_its_address_says(trusting: Service) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href=javascript:x>"
    reply = await trusting.client.get(
        "/api/auth/error", params={"error": hostile, "error_description": hostile}
    )
    for started in ("<script", "<img", "<a href=javascript", "onerror=alert(1)>"):
        assert started not in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]


async def test_a_sign_in_is_told_no_foreign_place(trusting: Service) -> None:
    await trusting.write('DELETE FROM "user"')
    cookie = cookie_of(await trusting.sign_up())
    assert cookie
    for url in ("javascript://x.preview.example/%0aalert(1)", "//evil.example"):
        reply = await trusting.sign_in(callbackURL=url)
        assert refused(reply, "INVALID_CALLBACK_URL")
        assert "set-cookie" not in reply.headers
