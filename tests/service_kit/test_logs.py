import asyncio
import gc
import json
import logging

import pytest
import structlog
from fastapi import APIRouter, FastAPI

from service_kit.logs import AccessLogMiddleware, configure_logs
from service_kit.request_id import RequestIdMiddleware
from tests.service_kit.asgi import application, client


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


async def test_a_request_is_one_line_with_its_name_and_without_its_query_string(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")
    async with client(RequestIdMiddleware(AccessLogMiddleware(application()))) as http:
        await http.get("/echo?message=private", headers={"X-Request-ID": "request-1"})

    (line,) = lines(capfd)
    assert line["event"] == "request"
    assert line["service"] == "test-service"
    assert line["request_id"] == "request-1"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/echo", 200)
    assert isinstance(line["duration_ms"], float)
    assert "private" not in json.dumps(line)


async def test_a_token_in_a_path_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("test-service", "json", "INFO")
    async with client(AccessLogMiddleware(application())) as http:
        await http.get("/tokens/private")
        await http.get("/nowhere/private")

    assert [line["path"] for line in lines(capfd)] == ["/tokens/{token}", "(no route)"]


async def test_the_path_of_an_included_route_is_logged_with_its_prefix(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")
    app, room = FastAPI(), APIRouter()

    @room.get("/users/{user}")
    async def show(user: str) -> str:
        return user

    app.include_router(room, prefix="/v1")
    async with client(AccessLogMiddleware(app)) as http:
        await http.get("/v1/users/private")

    assert [line["path"] for line in lines(capfd)] == ["/v1/users/{user}"]


def test_libraries_speak_in_the_same_format(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("test-service", "json", "INFO")
    logging.getLogger("some.library").warning("It is %s.", "late")

    (line,) = lines(capfd)
    assert (line["event"], line["level"]) == ("It is late.", "warning")


def test_a_line_break_in_a_value_begins_no_line_of_its_own(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")
    forged = 'a\n{"event":"signed_in"}\x1b[2K\r'
    structlog.get_logger("test").info("asked", reason=forged)
    logging.getLogger("some.library").warning("It is %s", forged)

    printed = capfd.readouterr().err
    one, two = (json.loads(line) for line in printed.splitlines())
    assert (one["reason"], two["event"]) == (forged, f"It is {forged}")
    assert "\x1b" not in printed


def test_lines_below_the_level_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("test-service", "json", "WARNING")
    structlog.get_logger("quiet").info("not_printed")

    assert lines(capfd) == []


def test_the_level_holds_for_the_servers_lines_too(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("test-service", "json", "ERROR")
    logging.getLogger("uvicorn.error").warning("not printed")

    assert lines(capfd) == []


def test_libraries_say_nothing_below_a_warning_whatever_the_level(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "DEBUG")
    for library in ("httpx", "hpack.hpack", "urllib3.connectionpool", "some.library"):
        logging.getLogger(library).debug("Adding authorization: Bearer private")
        logging.getLogger(library).info("GET https://book.example/?token=private")
    structlog.get_logger().debug("ours")

    (line,) = lines(capfd)
    assert line["event"] == "ours"


def test_text_is_for_people(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("test-service", "text", "INFO")
    structlog.get_logger("spoken").info("something_happened", count=3)

    printed = capfd.readouterr().err
    assert "something_happened" in printed
    assert "count=3" in printed


def test_an_exception_of_a_library_is_logged_without_its_variables(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")
    try:
        int("hunter" + str(2))
    except ValueError:
        logging.getLogger("some.library").exception("It failed.")

    printed = capfd.readouterr().err
    assert "ValueError" in printed
    assert "test_logs.py" in printed
    assert "hunter2" not in printed


async def test_a_task_that_nobody_waits_for_says_by_what_it_has_failed_and_no_more(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")

    async def fails() -> None:
        raise ValueError("hunter" + str(2))

    asyncio.get_running_loop().set_exception_handler(None)
    task = asyncio.create_task(fails())
    await asyncio.wait({task})
    del task
    gc.collect()

    (line,) = lines(capfd)
    assert (line["event"], line["error"]) == ("Task exception was never retrieved", "ValueError")
    assert "hunter2" not in json.dumps(line)


async def test_a_callback_that_fails_does_not_show_what_it_was_given(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")

    def fails(word: str) -> None:
        raise ValueError(word)

    asyncio.get_running_loop().set_exception_handler(None)
    asyncio.get_running_loop().call_soon(fails, "hunter" + str(2))
    await asyncio.sleep(0.01)

    (line,) = lines(capfd)
    assert str(line["event"]).startswith("Exception in callback")
    assert line["error"] == "ValueError"
    assert "hunter2" not in json.dumps(line)


def test_exceptions_that_are_each_others_cause_are_told_and_done_with(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    structlog.get_logger().error("failed", exc_info=one)

    (line,) = lines(capfd)
    assert str(line["error"]).startswith("ValueError < KeyError")


def test_a_line_about_a_deep_failure_fits_where_lines_are_torn_apart(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logs("test-service", "json", "INFO")

    def odd(depth: int) -> None:
        even(depth - 1)

    def even(depth: int) -> None:
        if depth < 0:
            raise ValueError
        odd(depth - 1)

    try:
        odd(300)
    except ValueError:
        structlog.get_logger().exception("failed")

    printed = capfd.readouterr().err
    assert len(printed) < 16 * 1024
    assert "raise ValueError" in json.loads(printed)["traceback"]


@pytest.mark.parametrize(
    "value", ["half a character: \ud800", b"\xff", {1, 2}, float("nan"), 10**400]
)
def test_no_line_is_lost_for_a_value_json_has_no_form_for(
    value: object, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("test-service", "json", "INFO")
    structlog.get_logger().info("odd_value", value=value)

    (line,) = lines(capfd)
    assert line["event"] == "odd_value"
    assert "value" in line
