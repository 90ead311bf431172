import asyncio
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth_service.web_client import BODY_LIMIT, WebClient, WebFailure
from tests.auth_service.oauth.authorization_server import FAULTS, Fault, no_object, packed, slow
from tests.loopback import serving

HOUR = timedelta(hours=1)


async def test_it_shows_what_it_is_given_and_nothing_else() -> None:
    async def echo(request: Request) -> Response:
        said = {name: request.headers.get(name) for name in ("authorization", "accept-encoding")}
        return JSONResponse({**said, "body": (await request.body()).decode()})

    web = WebClient(seconds=5)
    async with serving(Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])) as url:
        assert await web.get(url) == {
            "authorization": None,
            "accept-encoding": "identity",
            "body": "",
        }
        shown = await web.get(url, bearer="t")
        assert isinstance(shown, dict)
        assert shown["authorization"] == "Bearer t"
        posted = await web.post(url, {"a": "b c&"}, basic=("id", "s e:c"))
        assert isinstance(posted, dict)
        assert posted["body"] == "a=b+c%26"
        assert posted["authorization"] == "Basic aWQ6cytlJTNBYw=="  # id:s+e%3Ac
    await web.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_trouble_is_a_failure_with_a_reason(fault: Fault) -> None:
    async def door(_request: Request) -> Response:
        return await fault()

    web = WebClient(seconds=0.3 if fault is slow else 30)
    async with serving(Starlette(routes=[Route("/", door)])) as url:
        if fault is no_object:
            assert await web.get(url) == ["access_token"]
        else:
            with pytest.raises(WebFailure) as failure:
                await web.get(url)
            assert str(failure.value).isalnum()
            assert fault is not packed or str(failure.value) == "Packed"
    await web.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "nowhere://x", "http:///x"])
async def test_a_server_that_is_not_there_is_a_failure(url: str) -> None:
    web = WebClient(seconds=5)
    with pytest.raises(WebFailure):
        await web.get(url)
    await web.close()


@pytest.mark.parametrize(("size", "fits"), [(BODY_LIMIT, True), (BODY_LIMIT + 1, False)])
async def test_a_body_has_a_bound(size: int, fits: bool) -> None:
    async def door(_request: Request) -> Response:
        return Response(b'"' + b"a" * (size - 2) + b'"')

    web = WebClient(seconds=5)
    async with serving(Starlette(routes=[Route("/", door)])) as url:
        if fits:
            assert len(str(await web.get(url))) == size - 2
        else:
            with pytest.raises(WebFailure, match="TooLarge"):
                await web.get(url)
    await web.close()


async def test_what_is_kept_is_read_once_by_many_and_again_when_it_is_too_old() -> None:
    read = 0

    async def door(_request: Request) -> Response:
        nonlocal read
        read += 1
        return JSONResponse(read)

    web = WebClient(seconds=5)
    async with serving(Starlette(routes=[Route("/", door)])) as url:
        assert await asyncio.gather(*(web.kept(url, at_most=HOUR) for _ in range(20))) == [1] * 20
        assert await web.kept(url, at_most=timedelta(0)) == 2
        assert await web.kept(url, at_most=HOUR) == 2
    await web.close()


async def test_a_failure_is_remembered_for_a_moment() -> None:
    read = 0

    async def door(_request: Request) -> Response:
        nonlocal read
        read += 1
        return Response(status_code=500)

    web = WebClient(seconds=5)
    async with serving(Starlette(routes=[Route("/", door)])) as url:
        for reason in ("Status500", "FailedLately"):
            with pytest.raises(WebFailure, match=reason):
                await web.kept(url, at_most=HOUR)
    assert read == 1
    await web.close()
