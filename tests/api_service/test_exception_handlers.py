import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api_service.exception_handlers import install
from api_service.problems import InvalidInput


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (InvalidInput("A sentence."), 422, "Invalid Input"),
        (HTTPException(400, "private-words"), 400, "Invalid Request"),
        (HTTPException(415, "private-words"), 400, "Invalid Request"),
        (HTTPException(500, "private-words"), 500, "Internal Server Error"),
    ],
)
async def test_whatever_a_route_raises_leaves_as_a_problem(
    error: Exception, status: int, title: str
) -> None:
    reply = await reply_to(error)

    assert (reply.status_code, reply.json()["title"]) == (status, title)
    assert reply.json()["instance"] == "/v1/raise"
    assert "private-words" not in reply.text


async def test_nobody_is_told_anything_when_the_caller_is_gone() -> None:
    reply = await reply_to(ClientDisconnect())

    assert (reply.status_code, reply.content) == (499, b"")


async def reply_to(error: Exception) -> httpx.Response:
    app = FastAPI()
    install(app)

    @app.get("/v1/raise")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/v1/raise?q=private-words")
