import pytest
from starlette.responses import PlainTextResponse

from service_kit.security_headers import POLICY, SecurityHeadersMiddleware
from tests.service_kit.asgi import application, client


@pytest.mark.parametrize("path", ["/echo", "/nowhere"])
async def test_every_reply_tells_browsers_to_run_frame_guess_and_keep_nothing(path: str) -> None:
    async with client(SecurityHeadersMiddleware(application(), https=False)) as http:
        reply = await http.get(path)

    assert reply.headers["content-security-policy"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "frame-ancestors 'none'" in POLICY
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    assert reply.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in reply.headers


async def test_a_reply_that_says_another_thing_is_left_alone() -> None:
    page = PlainTextResponse(
        "page", headers={"Content-Security-Policy": "sandbox", "Cache-Control": "max-age=9"}
    )
    async with client(SecurityHeadersMiddleware(page, https=False)) as http:
        reply = await http.get("/")

    assert reply.headers.get_list("content-security-policy") == ["sandbox"]
    assert reply.headers.get_list("cache-control") == ["max-age=9"]
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_readers_who_came_by_https_are_to_come_so_for_a_year() -> None:
    async with client(SecurityHeadersMiddleware(application(), https=True)) as http:
        reply = await http.get("/echo")

    assert reply.headers["strict-transport-security"] == "max-age=31536000"
