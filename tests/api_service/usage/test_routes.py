import asyncio
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_service.settings import Settings
from tests.api_service.book import ingest
from tests.api_service.scripted_openai import ScriptedOpenAI, says, says_then_hangs, scripted_openai
from tests.api_service.service import bearer, make_settings, make_token, running_service
from tests.service_kit.redis_server import running_redis

QUESTION = {"message": "What is a lidar?"}


async def limited(
    folder: Path, openai: ScriptedOpenAI | None, *, counted_in: str = "memory://", **changes: int
) -> Settings:
    """Return settings with limits, over a book."""
    settings = make_settings(folder, openai=openai, limit="5000/minute", counted_in=counted_in)
    await ingest(settings)
    return settings.model_copy(update=changes)


async def test_a_caller_reads_what_they_used_and_what_is_left(
    tmp_path: Path, counted_in: str
) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("A lidar measures distance [1].")
        settings = await limited(tmp_path, openai, counted_in=counted_in, chat_streams=3)
        async with running_service(settings) as http:
            before = (await http.get("/v1/usage")).json()["limits"]
            answered = await http.post("/v1/chat", json=QUESTION)
            after = (await http.get("/v1/usage")).json()["limits"]
            of_another = await http.get("/v1/usage", headers=bearer(make_token(sub="user-2")))

    assert answered.status_code == 200
    assert [(each["name"], each["scope"]) for each in before] == [
        ("requests", "user"),
        ("streams", "user"),
        ("tokens", "user"),
    ]
    requests, streams, tokens = after
    assert (requests["used"], requests["remaining"]) == (1, 4999)
    assert (requests["window_seconds"], before[0]["resets_at"]) == (60, None)
    assert datetime.fromisoformat(requests["resets_at"]) > datetime.now(UTC)
    assert (streams["limit"], streams["used"], streams["window_seconds"]) == (3, 0, None)
    assert tokens["limit"] == 300_000
    assert 100 < tokens["used"] < 6000
    assert tokens["remaining"] == tokens["limit"] - tokens["used"]
    assert tokens["reserved"] == 0
    assert tokens["resets_at"].endswith("T00:00:00Z")
    assert of_another.json()["limits"] == before


async def test_everybodys_tokens_are_told_to_admins_alone(tmp_path: Path) -> None:
    settings = await limited(tmp_path, None)
    async with running_service(settings) as http:
        headers = bearer(make_token(role="instructor,admin"))
        of_admin = (await http.get("/v1/usage", headers=headers)).json()["limits"]

    assert of_admin[-1]["scope"] == "everyone"
    assert of_admin[-1]["limit"] == 100_000_000


async def test_replies_and_refusals_say_what_is_left(tmp_path: Path, counted_in: str) -> None:
    settings = await limited(tmp_path, None, counted_in=counted_in, chat_tokens_a_day=70_000)
    settings = settings.model_copy(update={"chat_rate_limit": "2/minute"})
    async with running_service(settings) as http:
        whole = await http.post("/v1/chat", json=QUESTION)
        stream = await http.post("/v1/chat/stream", json=QUESTION)
        refused = await http.get("/v1/search?q=gait")
        claims = await http.get("/v1/me")

    policy = '"requests";q=2;w=60, "streams";q=5, "tokens";q=70000;w=86400'
    assert [each.status_code for each in (whole, stream, refused)] == [200, 200, 429]
    for reply, left in ((whole, 1), (stream, 0), (refused, 0)):
        assert reply.headers["RateLimit-Policy"] == policy
        requests, streams, tokens = reply.headers["RateLimit"].split(", ")
        assert requests.startswith(f'"requests";r={left};t=')
        assert 1 <= int(requests.rpartition("=")[2]) <= 60
        assert streams == '"streams";r=5'
        assert tokens.startswith('"tokens";r=70000;t=')
    assert "RateLimit" not in claims.headers


@pytest.mark.parametrize("path", ["/v1/chat", "/v1/chat/stream"])
@pytest.mark.parametrize(
    ("changes", "refusal", "wait"),
    [
        ({"chat_tokens_a_day": 1000}, (429, "Tokens Used Up"), 86_400),
        ({"tokens_a_month": 1000}, (503, "Month Used Up"), 31 * 86_400),
    ],
)
async def test_without_tokens_no_question_is_answered_in_any_voice(
    tmp_path: Path, path: str, changes: dict[str, int], refusal: tuple[int, str], wait: int
) -> None:
    async with scripted_openai() as openai:
        settings = (await limited(tmp_path, openai)).model_copy(update=changes)
        async with running_service(settings) as http:
            reply = await http.post(path, json=QUESTION)
        asked = openai.asked("/chat/completions")

    assert (reply.status_code, reply.json()["title"]) == refusal
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(reply.headers["Retry-After"]) <= wait
    assert asked == []


async def test_a_caller_has_so_many_answers_at_once_and_the_next_when_one_has_ended(
    tmp_path: Path, counted_in: str
) -> None:
    async with scripted_openai() as openai, AsyncExitStack() as stack:
        openai.chat = says_then_hangs("A lidar")
        settings = await limited(tmp_path, openai, counted_in=counted_in, chat_streams=1)
        http = await stack.enter_async_context(running_service(settings))
        asking = asyncio.create_task(http.post("/v1/chat", json=QUESTION))
        await asyncio.wait_for(openai.reached.wait(), 5)
        refused = await http.post("/v1/chat/stream", json=QUESTION)
        under_way = (await http.get("/v1/usage")).json()["limits"]
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await asyncio.wait_for(openai.abandoned.wait(), 5)
        openai.chat = says("A lidar [1].")
        again = await asyncio.wait_for(asked_until_allowed(http), 5)

    assert (refused.status_code, refused.json()["title"]) == (429, "Too Many Answers At Once")
    assert refused.headers["Retry-After"] == "5"
    assert [each["remaining"] for each in under_way if each["name"] == "streams"] == [0]
    assert [each["reserved"] > 6000 for each in under_way if each["name"] == "tokens"] == [True]
    assert again.status_code == 200


async def asked_until_allowed(http: httpx.AsyncClient) -> httpx.Response:
    """Ask until the answer before has been let go of."""
    while True:
        reply = await http.post("/v1/chat", json=QUESTION)
        if reply.status_code != 429:
            return reply
        await asyncio.sleep(0.02)


async def test_a_thousand_requests_at_once_never_take_more_than_a_budget(
    tmp_path: Path, counted_in: str
) -> None:
    budget = 25_000  # three answers at their longest, and as many more as the first leave room for
    async with scripted_openai() as openai:
        openai.chat = says("A lidar measures distance [1].")
        settings = await limited(
            tmp_path, openai, counted_in=counted_in, chat_streams=0, chat_tokens_a_day=budget
        )
        async with running_service(settings) as http:
            statuses = await asyncio.gather(*(status_of_a_question(http) for _ in range(1000)))
            tokens = (await usage_when_told(http))["limits"][-1]

    # 503, where a busy machine left the Redis more than its second to answer in.
    assert {200, 429} <= set(statuses) <= {200, 429, 503}
    assert len(openai.asked("/chat/completions")) == statuses.count(200)
    assert tokens["used"] + tokens["reserved"] <= budget


async def usage_when_told(http: httpx.AsyncClient) -> dict[str, Any]:
    """Return the usage; a Redis that was too slow for the crowd is left alone for a second."""
    async with asyncio.timeout(30):
        while (reply := await http.get("/v1/usage")).status_code == httpx.codes.SERVICE_UNAVAILABLE:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    usage: dict[str, Any] = reply.json()
    return usage


async def status_of_a_question(http: httpx.AsyncClient) -> int:
    """Ask over a connection of its own: with a thousand, the client's pool is what takes long."""
    body = json.dumps(QUESTION).encode()
    head = [
        "POST /v1/chat HTTP/1.1",
        f"Host: {http.base_url.host}",
        f"Authorization: {http.headers['Authorization']}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
    reply = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(reply.split(b" ", 2)[1])


async def test_usage_that_is_not_known_is_said_to_be(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        settings = await limited(tmp_path, None, counted_in=redis.uri)
        async with running_service(settings) as http:
            redis.stop()
            reply = await http.get("/v1/usage")

    assert (reply.status_code, reply.json()["title"]) == (503, "Limit Unavailable")
