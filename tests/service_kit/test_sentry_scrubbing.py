import json
from typing import Any, cast

import pytest

from service_kit.sentry_scrubbing import WITHHELD, name_of, scrub, values_of


@pytest.mark.parametrize(
    "value",
    [
        "gave_up",
        "/v1/chat",
        "/users/{user}",
        "ValueError < KeyError",
        "INVALID_EMAIL_OR_PASSWORD",
        "gpt-4o-mini",
        "RemoteProtocolErrorOfALibrary",
        "POST",
        7,
        0.5,
        True,
        None,
    ],
)
def test_names_and_numbers_may_leave(value: object) -> None:
    assert values_of({"value": value}) == {"value": value}


@pytest.mark.parametrize(
    "value",
    [
        "What is a lidar?",
        "two words",
        "reader@book.example",
        "Größe",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl",
        "sk-proj-0123456789abcdef",
        "0123456789abcdef0123456789abcdef",
        "qV3xT9mZ2kLw7RbYcNdE",
        "/v1/search?q=lidar",
        "a" * 61,
        "",
        "half a character: \ud800",
        ["words"],
        {"words": "words"},
        b"words",
    ],
)
def test_words_addresses_and_what_looks_like_a_key_may_not(value: object) -> None:
    assert values_of({"value": value}) == {"value": WITHHELD}


def test_what_is_told_in_other_ways_is_not_told_twice() -> None:
    line = {"event": "e", "level": "error", "traceback": "t", "exc_info": True, "_record": 1}
    assert values_of(line) == {}


def test_an_event_without_a_name_has_none() -> None:
    assert name_of({"event": "Marked words"}) == WITHHELD
    assert name_of({"event": 7}) == WITHHELD
    assert name_of({"event": "mail_lost"}) == "mail_lost"


def test_whatever_else_is_put_into_an_event_is_left_out() -> None:
    marked = {"marked": "marked"}
    frame = {"function": "f", "vars": marked, "context_line": "marked", "abs_path": "/marked"}
    error = {
        "type": "E",
        "value": "marked",
        "stacktrace": {"frames": [frame]},
        "mechanism": {"type": "logging", "data": marked, "meta": marked},
    }
    given: dict[str, Any] = {
        "level": "error",
        "message": "failed",
        "request": {"url": "marked", "headers": marked, "cookies": marked, "data": marked},
        "user": {"email": "marked", "ip_address": "marked"},
        "contexts": {"trace": {"trace_id": "t", "data": marked}, "runtime": marked},
        "exception": {"values": [error, {"type": "F", "value": "marked", "stacktrace": None}]},
        "threads": {"values": [marked]},
        "modules": marked,
        "extra": {"words": "marked words"},
        "breadcrumbs": {"values": [{"message": "step", "data": {"q": "marked?"}, "marked": 1}]},
        "logentry": {"message": "marked", "params": ["marked"]},
    }
    kept = cast("dict[str, Any]", scrub(cast("Any", given), {}))

    assert "marked" not in json.dumps(kept)
    assert kept["exception"]["values"][0]["stacktrace"]["frames"][0]["function"] == "f"
    assert kept["breadcrumbs"]["values"] == [{"message": "step", "data": {"q": WITHHELD}}]
