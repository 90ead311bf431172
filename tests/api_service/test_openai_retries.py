"""Waiting for a vendor that is busy, over real HTTP."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from starlette.responses import JSONResponse, Response

from api_service import embedders
from api_service.openai_client import in_words
from api_service.openai_retries import seconds_to_wait
from api_service.patience import Patience
from api_service.problems import ModelUnavailable
from tests.api_service.scripted_openai import ScriptedOpenAI, embeds, refuses, scripted_openai
from tests.api_service.service import make_settings


def busy(
    times: int, headers: dict[str, str], status: int = 429, code: str = "rate_limit_exceeded"
) -> Callable[[ScriptedOpenAI, dict[str, Any]], Awaitable[Response]]:
    """Refuse so many times, then answer."""

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        if len(openai.asked("/embeddings")) > times:
            return await embeds()(openai, body)
        error = {"message": "vendor-internal-words", "type": code, "code": code}
        return JSONResponse({"error": error}, status, headers=headers)

    return scene


async def ask(
    scene: Callable[[ScriptedOpenAI, dict[str, Any]], Awaitable[Response]], seconds: float
) -> tuple[int, float, ModelUnavailable | None, list[str]]:
    """Embed a text; return the requests it took, the seconds, the failure and what was told."""
    told: list[str] = []
    failure = None
    async with scripted_openai() as vendor:
        vendor.embeddings = scene
        settings = make_settings(Path(), openai=vendor)
        embedder = embedders.choose(settings, Patience(seconds, told.append))
        assert embedder
        began = time.monotonic()
        try:
            await embedder.embed(["lidar"])
        except ModelUnavailable as error:
            failure = error
        took = time.monotonic() - began
        await embedder.close()
        return len(vendor.asked("/embeddings")), took, failure, told


@pytest.mark.parametrize(
    ("headers", "least"),
    [({"retry-after-ms": "300"}, 0.6), ({"Retry-After": "1"}, 2.0), ({}, 0.375 + 0.75)],
)
async def test_a_busy_vendor_is_asked_again_after_the_time_it_names_or_a_growing_one(
    headers: dict[str, str], least: float
) -> None:
    requests, took, failure, _ = await ask(busy(2, headers), 60)
    assert (requests, failure) == (3, None)
    assert took >= least


async def test_an_error_of_the_vendors_own_is_tried_again() -> None:
    requests, _, failure, _ = await ask(busy(1, {}, status=503), 60)
    assert (requests, failure) == (2, None)


async def test_nobody_waits_longer_than_they_have_patience() -> None:
    requests, took, failure, told = await ask(busy(9, {"Retry-After": "3600"}), 30)
    assert (requests, told) == (1, [])
    assert failure
    assert took < 20
    assert in_words(failure.__cause__) == "it is busy, or the account's rate limit is used up"


async def test_a_long_wait_is_told() -> None:
    headers = {"Retry-After": "5"}
    requests, took, failure, told = await ask(busy(1, headers), 60)
    assert (requests, failure) == (2, None)
    assert took >= 5
    assert told == ["The embedder is busy; it is asked again in 5 s."]


async def test_an_account_without_quota_is_not_asked_again_and_the_reason_is_said() -> None:
    scene = busy(9, {"retry-after-ms": "1"}, code="insufficient_quota")
    requests, _, failure, _ = await ask(scene, 60)
    assert requests == 1
    assert failure
    assert in_words(failure.__cause__) == (
        "the account's quota is used up; see its plan and billing"
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refusal_that_no_waiting_mends_is_final(status: int) -> None:
    requests, _, failure, _ = await ask(refuses(status), 60)
    assert requests == 1
    assert failure


async def test_a_vendor_that_is_away_is_asked_a_few_times() -> None:
    error = openai.APIConnectionError(request=httpx2.Request("POST", "http://127.0.0.1:1"))
    waits = [seconds_to_wait(error, tries) for tries in range(7)]
    assert waits[-1] is None
    assert sum(wait for wait in waits if wait) < 35
    told: list[str] = []
    settings = make_settings(Path(), openai=ScriptedOpenAI(base_url="http://127.0.0.1:1/v1"))
    embedder = embedders.choose(settings, Patience(0.3, told.append))
    assert embedder
    with pytest.raises(ModelUnavailable):
        await embedder.embed(["lidar"])
    await embedder.close()


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7.5", 7.5, 7.5),
        (timedelta(seconds=3600), 3000, 3600),
        (timedelta(seconds=-60), 0.375, 0.5),
        ("soon", 0.375, 0.5),
    ],
)
def test_the_time_to_wait_is_read_in_every_form(
    header: str | timedelta, least: float, most: float
) -> None:
    if isinstance(header, timedelta):
        header = format_datetime(datetime.now(UTC) + header)
    response = httpx2.Response(
        429, headers={"retry-after": header}, request=httpx2.Request("POST", "http://vendor")
    )
    wait = seconds_to_wait(openai.RateLimitError("busy", response=response, body=None), 0)
    assert wait is not None
    assert least <= wait <= most


def test_what_is_no_failure_of_the_vendors_is_said_without_its_words() -> None:
    assert in_words(None) == "it failed"
    assert in_words(ValueError("secret")) == "what it sent cannot be understood"


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0"},
        {"retry-after-ms": "0"},
        {"retry-after-ms": "nan"},
        {"Retry-After": "Sun, 01 Nov 2020 00:00:00 GMT"},
    ],
)
async def test_a_vendor_that_says_at_once_is_not_asked_without_a_pause(
    headers: dict[str, str],
) -> None:
    requests, _, failure, _ = await ask(busy(99, headers), 2)
    assert failure
    assert 2 <= requests <= 4
