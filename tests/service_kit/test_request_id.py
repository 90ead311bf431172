import re

import pytest

from service_kit.request_id import RequestIdMiddleware, current_request_id
from tests.service_kit.asgi import application, client


async def test_a_request_without_a_name_is_given_one() -> None:
    async with client(RequestIdMiddleware(application())) as http:
        first = await http.get("/echo")
        second = await http.get("/echo")

    assert re.fullmatch("[0-9a-f]{32}", first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_a_well_formed_name_is_kept() -> None:
    async with client(RequestIdMiddleware(application())) as http:
        reply = await http.get("/echo", headers={"X-Request-ID": "order-66_abc.def"})

    assert reply.headers["x-request-id"] == "order-66_abc.def"


@pytest.mark.parametrize(
    "name", ["short", "x" * 65, "with space in it", 'quote"quote"', "a;b;c;d;e"]
)
async def test_a_name_that_could_harm_a_log_is_replaced(name: str) -> None:
    async with client(RequestIdMiddleware(application())) as http:
        reply = await http.get("/echo", headers={"X-Request-ID": name})

    assert reply.headers["x-request-id"] != name


def test_outside_of_a_request_there_is_no_name() -> None:
    assert current_request_id() == ""
