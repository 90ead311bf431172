import time

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api_service.budgets import Balance
from api_service.budgets.headers import LimitHeadersMiddleware, limit_headers
from api_service.budgets.standing import Budget, Standing, Streams
from service_kit.rate_limit import Window


def test_each_limit_has_a_policy_and_what_is_left_of_it() -> None:
    standing = Standing(
        tokens=(
            Budget("user", 1000, Balance(100, 50), 86_400, int(time.time()) + 5000),
            Budget("api_key", 10, Balance(30, 0), 86_400, int(time.time()) - 5),
        ),
        streams=(Streams("user", 5, 1),),
    )
    headers = limit_headers([Window(20, 60, 17, 42)], standing)

    assert headers["RateLimit-Policy"] == (
        '"requests";q=20;w=60, "streams";q=5, "tokens";q=1000;w=86400, '
        '"api-key-tokens";q=10;w=86400'
    )
    assert headers["RateLimit"] in {
        f'"requests";r=17;t=42, "streams";r=4, "tokens";r=850;t={seconds}, "api-key-tokens";r=0;t=0'
        for seconds in (4999, 5000)
    }


def test_windows_of_one_limit_are_told_apart() -> None:
    headers = limit_headers([Window(5, 60, 5, 0), Window(30, 3600, 30, 0)], Standing((), ()))

    assert headers["RateLimit-Policy"] == '"requests-60";q=5;w=60, "requests-3600";q=30;w=3600'


def test_where_nothing_is_limited_there_are_no_headers() -> None:
    assert limit_headers([], Standing((), ())) == {}


async def test_they_are_on_replies_whose_request_left_word_of_them() -> None:
    async def page(request: Request) -> PlainTextResponse:
        if request.query_params:
            request.state.limit_headers = {"RateLimit": '"requests";r=1;t=1'}
        return PlainTextResponse("")

    app = LimitHeadersMiddleware(Starlette(routes=[Route("/", page)]))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://book.test") as http:
        told = await http.get("/?limited")
        untold = await http.get("/")

    assert told.headers["RateLimit"] == '"requests";r=1;t=1'
    assert "RateLimit" not in untold.headers
