from collections.abc import AsyncIterator

from starlette.responses import PlainTextResponse, Response

from service_kit.body_limit import BodyLimitMiddleware, BodyTooLarge
from tests.service_kit.asgi import application, client


def refuse(problem: BodyTooLarge) -> Response:
    return PlainTextResponse(f"at most {problem.limit}", status_code=413)


def limited() -> BodyLimitMiddleware:
    return BodyLimitMiddleware(application(), limit=10, refuse=refuse)


async def test_a_body_within_the_limit_passes() -> None:
    async with client(limited()) as http:
        reply = await http.post("/echo", content=b"x" * 10)

    assert (reply.status_code, reply.text) == (200, "10")


async def test_a_body_announced_as_too_long_is_refused_in_the_services_words() -> None:
    async with client(limited()) as http:
        reply = await http.post("/echo", content=b"x" * 11)

    assert (reply.status_code, reply.text) == (413, "at most 10")


async def test_a_body_that_grows_beyond_the_limit_is_refused() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 5

    async with client(limited()) as http:
        reply = await http.post("/echo", content=pieces())

    assert reply.status_code == 413
