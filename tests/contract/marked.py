"""Marked values, sent to both services through every door they describe, and to what they ask.

Each of them holds MARK in one way of writing; what is handed out on the way is noted as given.
"""

import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.responses import JSONResponse, Response

from tests.api_service.scripted_openai import (
    STREAM,
    Scene,
    ScriptedOpenAI,
    breaks_off,
    embeds,
    says,
    says_then_hangs,
    sends,
)
from tests.auth_service.oauth.authorization_server import Provider
from tests.auth_service.service import ORIGIN

MARK = "marked"
EMAIL = "marked-address@example.com"
PASSWORD = "marked-password-of-hers"
ADDRESS = "203.0.113.77"
QUESTION = {"message": "In which order do the legs touch the ground in a marked gait?"}
MODEL_PATHS = ("/v1/chat", "/v1/chat/stream", "/v1/chat/completions")

HEADERS = {
    "user-agent": "marked-agent/1.0",
    "referer": "https://marked.example/?marked",
    "accept-language": "marked",
    "x-forwarded-for": ADDRESS,
    "forwarded": f"for={ADDRESS}",
    "x-request-id": "marked id!",
    "traceparent": "00-marked-01",
    "tracestate": "marked=marked",
    "baggage": "marked=marked",
    "x-marked": "marked",
}


@dataclass
class Given:
    """What a reader has been handed."""

    secrets: list[str] = field(default_factory=list)

    def add(self, *secrets: str | None) -> None:
        self.secrets += [secret for secret in secrets if secret and len(secret) >= 16]


def bodies(names: set[str]) -> Iterator[Mapping[str, Any]]:
    """Yield bodies of all kinds, most of which are refused."""
    wide = {name: f"marked-{name}" for name in names}
    yield {"json": wide}
    yield {"json": wide | {"email": EMAIL, "password": [MARK], "message": {MARK: MARK}}}
    yield {"content": b'{"marked": "marked', "headers": {"content-type": "application/json"}}
    yield {"content": b"\xff marked", "headers": {"content-type": "marked/type"}}


def knock(address: str, contract: dict[str, Any], **client: Any) -> None:  # noqa: ANN401 -- httpx's
    """Send all of these to all a service describes."""
    names = set(re.findall(r'"(\w+)": \{"', json.dumps(contract)))
    query = {"marked-query": MARK, "token": "marked-token", "q": MARK, "callbackURL": "/marked"}
    headers = HEADERS | client.pop("headers", {})
    with httpx.Client(base_url=address, headers=headers, timeout=30, **client) as http:
        for path, operations in contract["paths"].items():
            door = re.sub(r"\{\w+\}", "marked-parameter", path)
            for method in operations:
                for body in bodies(names):
                    http.request(method, door, params=query, **body)
            http.request("PATCH", door, params=query)


def mumble(address: str) -> None:
    """Send what is no request, or too much of one."""
    place = urlsplit(address)
    for said in (
        b"GET /marked?marked HTTP/9.9\r\n\r\n",
        b"MARKED /marked HTTP/1.1\r\nhost: marked\r\n\r\n",
        b"GET /marked HTTP/1.1\r\nhost: x\r\nmarked: " + b"marked" * 200_000 + b"\r\n\r\n",
        b"POST /v1/chat HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\nmarked",
    ):
        with (
            suppress(OSError),
            socket.create_connection((place.hostname, place.port or 0), 20) as line,
        ):
            line.sendall(said)
            line.recv(1000)


def sign_in(reader: httpx.Client, given: Given) -> str:
    """Sign up and in, rightly and wrongly; return an access token."""
    about = {"name": "marked-name", "email": EMAIL, "softwareBackground": "marked-background"}
    signed_up = reader.post("/api/auth/sign-up/email", json={**about, "password": PASSWORD})
    assert signed_up.status_code == 200
    given.add(signed_up.json()["token"], *reader.cookies.values())
    for password, status in ((PASSWORD, 200), ("marked-wrong-password", 401)):
        again = {"email": EMAIL, "password": password, "grant": "refresh"}
        reply = reader.post("/api/auth/sign-in/email", json=again)
        assert reply.status_code == status
        given.add(reply.json().get("refreshToken"))
    reader.post("/api/auth/request-password-reset", json={"email": EMAIL})
    reader.get("/api/auth/reset-password/marked-token?callbackURL=/marked-page")
    reader.get("/api/auth/verify-email?token=marked.marked.marked&callbackURL=/marked")
    reader.get("/marked-path?marked-query")
    token: str = reader.get("/api/auth/jwt").raise_for_status().json()["token"]
    given.add(token, *token.split(".")[1:])
    return token


def come_from_a_provider(reader: httpx.Client, provider: Provider, given: Given) -> None:
    """Come from a provider that does as agreed, from one that does not, and from nowhere."""

    async def fails() -> Response:
        return JSONResponse({"error": MARK, "error_description": f"marked {EMAIL}"}, 400)

    for broken in (False, True):
        provider.faults = {"/token": fails} if broken else {}
        wish = {"provider": "google", "callbackURL": f"{ORIGIN}/marked-done"}
        started = reader.post("/api/auth/sign-in/social", json=wish).raise_for_status()
        url = started.json()["url"]
        back = urlsplit(httpx.get(url, timeout=30).headers["location"])
        given.add(*(value for _, value in parse_qsl(f"{urlsplit(url).query}&{back.query}")))
        reply = reader.get(f"{back.path}?{back.query}")
        assert ("error=" in reply.headers["location"]) is broken
    reader.get("/api/auth/callback/google?error=marked&error_description=marked&state=marked-state")
    reader.get("/api/auth/error?error=marked-error")
    for token in (provider.id_token(), "marked.marked.marked"):
        given.add(token)
        presented: dict[str, object] = {"provider": "google", "idToken": {"token": token}}
        reader.post("/api/auth/sign-in/social", json=presented)


def echoes(status: int) -> Scene:
    """Refuse, and repeat all that was asked, as some servers do."""

    async def scene(_openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        error = {"message": f"marked: {json.dumps(body)}", "type": MARK, "param": MARK}
        headers = {"retry-after-ms": "1", "x-marked": MARK}
        return JSONResponse({"error": {**error, "code": MARK}}, status, headers=headers)

    return scene


def ask(asking: httpx.Client, openai: ScriptedOpenAI) -> None:
    """Ask in every way, of a model that answers and of one that fails in every way."""
    answered = asking.post("/v1/chat", json=QUESTION)
    assert (answered.status_code, answered.json()["refused"]) == (200, False), answered.text
    before = [{"role": "user", "content": "marked"}, {"role": "assistant", "content": "marked"}]
    asking.post("/v1/chat", json={**QUESTION, "history": before, "selected_text": "A marked gait"})
    chat = {"model": MARK, "messages": [{"role": "user", "content": "marked gait"}], "user": MARK}
    failures = (
        *map(echoes, (400, 401, 429, 500)),
        sends("marked"),
        sends('{"choices": "marked"}'),
        sends('data: {"error": {"message": "marked"}}\n\n', STREAM),
        breaks_off("marked "),
        says(MARK, finish="content_filter"),
        says("marked [1]."),
    )
    for scene in failures:
        openai.chat = scene
        for path in MODEL_PATHS:
            body = {**chat, "stream": True} if path.endswith("completions") else QUESTION
            asking.post(path, json=body)
    for scene in (echoes(400), sends('{"data": [{"embedding": "marked"}]}'), embeds()):
        openai.embeddings = scene
        asking.post("/v1/chat", json=QUESTION)


def leave(asking: httpx.Client, openai: ScriptedOpenAI) -> None:
    """Leave in the middle of an answer."""
    openai.chat = says_then_hangs("marked ")
    with asking.stream("POST", "/v1/chat/stream", json=QUESTION) as reply:
        next(reply.iter_lines())
