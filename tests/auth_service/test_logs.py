"""What a reader sends or is given appears on no stream of the service."""

import json
import subprocess
import sys

import pytest

from tests.auth_service.service import (
    CHECKOUT,
    COOKIE_SECRET,
    TOKEN_SECRET,
    Service,
    bare_environment,
)

# Drives a whole journey in one process, so that everything it writes is on its two streams.
JOURNEY = """
import asyncio, sys
from tests.auth_service.service import cookie_of, make_settings, serving
from service_kit.logs import configure_logs

async def run(url):
    async with serving(make_settings(url, RATE_LIMIT="on")) as service:
        marked = {"name": "marked-name", "password": "marked-password",
                  "softwareBackground": "marked-background"}
        signed_up = await service.sign_up("marked-address@example.com", **marked)
        assert signed_up.status_code == 200
        cookie = cookie_of(signed_up)
        given = [signed_up.json()["token"], signed_up.headers["set-auth-token"]]
        again = await service.sign_up("marked-address@example.com", **marked)
        assert again.status_code == 422
        replies = [
            await service.sign_in("marked-address@example.com", password="marked-password"),
            await service.sign_in("marked-address@example.com", password="marked-wrong"),
            await service.sign_in("marked-invalid-address", password="marked-password"),
            await service.sign_in(callbackURL="https://marked.example/"),
            await service.get_session(cookie, "?marked-query=marked-value"),
            await service.client.get("/api/auth/jwt", headers={"cookie": cookie}),
            await service.client.get("/marked-path?marked-query"),
            await service.client.post("/api/auth/sign-in", content=b"marked-body"),
            await service.client.post("/api/auth/sign-out", headers={
                "cookie": cookie, "origin": "http://localhost:3000"}),
        ]
        for reply in replies:
            given += [reply.headers.get("set-auth-token", "")]
            if reply.content.startswith(b'{"token') or b'"token"' in reply.content:
                body = reply.json()
                given.append(body["token"] if "token" in body else body["session"]["token"])
        asked = await service.sign_in(
            "marked-address@example.com", password="marked-password", grant="refresh")
        shown = {"refreshToken": asked.json()["refreshToken"]}
        refreshed = await service.client.post("/api/auth/token/refresh", json=shown)
        given += [*shown.values(), refreshed.json()["refreshToken"], refreshed.json()["token"]]
        service.clock.advance(seconds=11)
        reused = await service.client.post("/api/auth/token/refresh", json=shown)
        assert reused.status_code == 401
        print("GIVEN", *filter(None, given))
        while (await service.sign_in()).status_code != 429:
            pass
    async with serving(make_settings(url + "?options=-c%20role%3Dpg_monitor")) as broken:
        crashed = await broken.sign_in("marked-address@example.com", password="marked-password")
        assert crashed.status_code == 500
    nowhere = "postgresql://marked-role:marked-secret@127.0.0.1:1/marked-database"
    async with serving(make_settings(nowhere)) as away:
        assert (await away.sign_in("marked-address@example.com")).status_code == 503

configure_logs("auth-service", sys.argv[2], "DEBUG")
asyncio.run(run(sys.argv[1]))
"""

# The same for providers, keys, admins and the tokens of /token.
OTHER_WAYS = """
import asyncio, logging, sys
from urllib.parse import parse_qsl, urlsplit
from tests.auth_service.oauth.authorization_server import (
    CLIENT_ID, CLIENT_SECRET, Person, broken, provider_serving)
from tests.auth_service.oauth.site import Browser
from tests.auth_service.service import make_settings, serving
from service_kit.logs import configure_logs

async def run(url):
    async with provider_serving() as provider:
        provider.person = Person(email="marked-address@example.com", name="marked-name")
        settings = make_settings(
            url, GOOGLE_CLIENT_ID=CLIENT_ID, GOOGLE_CLIENT_SECRET=CLIENT_SECRET,
            GOOGLE_BASE_URL=provider.url, SET_AUTH_JWT="on")
        async with serving(settings) as service:
            provider.now = lambda: service.clock().timestamp()
            provider.redirect_uris = ("http://localhost:3001/api/auth/callback/google",)
            browser, given = Browser(service), [CLIENT_SECRET]
            for _ in range(2):
                back = await browser.consent(await browser.start("google"))
                given += [value for _, value in parse_qsl(urlsplit(back).query)]
                assert "error" not in await browser.arrive(back)
                given += browser.cookies.values()
            assert "error" in await browser.arrive(back)
            id_token = provider.id_token()
            for token in (id_token, id_token[:-4] + "AAAA", "marked-token"):
                await Browser(service).post(
                    "sign-in/social", {"provider": "google", "idToken": {"token": token}})
            given.append(id_token)
            (account,) = await browser.accounts()
            for path in ("get-access-token", "refresh-token"):
                told = await browser.post(path, {"accountId": account["id"]})
                given += [told.json().get(name) for name in
                          ("accessToken", "refreshToken", "idToken")]
            await browser.get(f"account-info?accountId={account['id']}")
            provider.faults["/token"] = broken
            await browser.sign_in("google")
            await browser.sign_in("google", loginHint="marked-hint")
            made = (await browser.post("api-key/create", {"name": "marked-key"})).json()
            given.append(made["key"])
            for key in (made["key"], "marked-key", "w" * 64):
                for path in ("jwt", "get-session", "token"):
                    reply = await service.client.get(
                        f"/api/auth/{path}", headers={"x-api-key": key})
                    if path != "get-session" and reply.status_code == 200:
                        given.append(reply.json()["token"])
            given.append((await browser.get("get-session")).headers["set-auth-jwt"])
            given.append((await browser.get("token")).json()["token"])
            asked = (await browser.get("jwt?grant=refresh")).json()
            given += [asked["token"], asked["refreshToken"]]
            await service.write("UPDATE \\"user\\" SET role = 'admin'")
            await browser.get("admin/list-users?searchValue=marked-address")
            await browser.post("admin/ban-user", {"userId": "marked", "banReason": "marked-why"})
            print("GIVEN", *filter(None, given))

configure_logs("auth-service", sys.argv[2], "DEBUG")
logging.getLogger("authlib").setLevel("CRITICAL")  # the provider's own
asyncio.run(run(sys.argv[1]))
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_nothing_of_the_other_ways_in_is_on_any_stream(
    service: Service, database_url: str, log_format: str
) -> None:
    await service.write("DELETE FROM verification")
    said, given = journey(OTHER_WAYS, database_url, log_format)
    assert len(given) >= 20
    for secret in (*(each for each in given if len(each) >= 16), "marked", "203.0.113.7"):
        assert secret not in said, secret
    for event in ("oauth_signed_in", "oauth_refused", "oauth_provider_refused"):
        assert event in said


def journey(script: str, database_url: str, log_format: str) -> tuple[str, list[str]]:
    """Return what the service has printed, and what it has handed out."""
    done = subprocess.run(
        [sys.executable, "-c", script, database_url, log_format],
        cwd=CHECKOUT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr, done.stdout.removeprefix("GIVEN ").split()


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_nothing_of_a_journey_is_on_any_stream(
    service: object, database_url: str, log_format: str
) -> None:
    said, given = journey(JOURNEY, database_url, log_format)
    assert len(given) >= 6
    for secret in (*given, "marked", COOKIE_SECRET, TOKEN_SECRET, "203.0.113.7"):
        assert secret not in said, secret
    for event in (
        "request_refused",
        "request_crashed",
        "database_unavailable",
        "refresh_token_reused",
    ):
        assert event in said
    if log_format == "json":
        codes = {json.loads(line).get("code") for line in said.splitlines()}
        assert {
            "INVALID_EMAIL_OR_PASSWORD",
            "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
            "TOO_MANY_REQUESTS",
            "INVALID_CALLBACK_URL",
            "SERVICE_UNAVAILABLE",
        } <= codes
