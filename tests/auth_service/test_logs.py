"""What a reader sends or is given appears on no stream of the service."""

import json
import subprocess
import sys

import pytest

from tests.auth_service.service import CHECKOUT, COOKIE_SECRET, TOKEN_SECRET, bare_environment

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
    async with serving(make_settings(url + "?options=-c%20search_path%3Delsewhere")) as broken:
        crashed = await broken.sign_in("marked-address@example.com", password="marked-password")
        assert crashed.status_code == 500
    nowhere = "postgresql://marked-role:marked-secret@127.0.0.1:1/marked-database"
    async with serving(make_settings(nowhere)) as away:
        assert (await away.sign_in("marked-address@example.com")).status_code == 503

configure_logs("auth-service", sys.argv[2], "DEBUG")
asyncio.run(run(sys.argv[1]))
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_nothing_of_a_journey_is_on_any_stream(
    service: object, database_url: str, log_format: str
) -> None:
    done = subprocess.run(  # noqa: ASYNC221 -- nothing else runs meanwhile
        [sys.executable, "-c", JOURNEY, database_url, log_format],
        cwd=CHECKOUT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, given = done.stderr, done.stdout.removeprefix("GIVEN ").split()
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
