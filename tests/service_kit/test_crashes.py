import json

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from service_kit.crashes import CrashMiddleware
from service_kit.logs import configure_logs
from tests.service_kit.asgi import application, client


def render() -> Response:
    return PlainTextResponse("clean", status_code=500)


async def test_a_crash_is_answered_without_its_text() -> None:
    # Starlette's own last resort must not see the exception first, so the routes stand alone.
    app = CrashMiddleware(application().router, render=render)
    async with client(app) as http:
        reply = await http.get("/crash?words=private")

    assert (reply.status_code, reply.text) == (500, "clean")


async def test_a_crash_is_logged_once_with_its_place_but_not_its_text(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")
    app = CrashMiddleware(application().router, render=render)
    async with client(app) as http:
        await http.get("/crash?words=private")

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    crashes = [line for line in lines if line["event"] == "request_crashed"]
    assert len(crashes) == 1
    assert crashes[0]["error"] == "RuntimeError"
    assert "in crash" in crashes[0]["traceback"]
    assert "private" not in json.dumps(lines)


async def test_a_crash_in_the_middle_of_a_reply_cuts_the_connection() -> None:
    async def breaking(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError

    app = CrashMiddleware(breaking, render=render)

    with pytest.raises(RuntimeError):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as http:
            await http.get("/")


async def test_what_has_an_excuse_is_no_crash(capfd: pytest.CaptureFixture[str]) -> None:
    async def excuse(scope: Scope, error: Exception) -> Response | None:
        return PlainTextResponse(f"{type(error).__name__} at {scope['path']}", status_code=503)

    configure_logs("test-service", "json", "INFO")
    app = CrashMiddleware(application().router, render=render, excuse=excuse)
    async with client(app) as http:
        reply = await http.get("/crash?words=private")

    assert (reply.status_code, reply.text) == (503, "RuntimeError at /crash")
    assert "request_crashed" not in capfd.readouterr().err
