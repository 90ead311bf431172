import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
import pytest_asyncio

from api_service.app import BODY_BYTES, create_app
from api_service.llms import Prompt
from api_service.llms.extractive import ExtractiveModel
from api_service.problem_json import OPENAI_PATHS
from api_service.resources import Resources, open_resources
from api_service.settings import Settings
from service_kit.logs import configure_logs
from tests.api_service.book import ingest
from tests.api_service.scripted_openai import refuses, says, scripted_openai
from tests.api_service.service import SECRET, bearer, make_settings, make_token, running_service
from tests.loopback import serving
from tests.service_kit.redis_server import running_redis

NEITHER = ("/health", "/health/live", "/health/serving", "/ready")
"""Paths that ask for no token."""


@pytest_asyncio.fixture(scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(tmp_path_factory.mktemp("service"))
    await ingest(settings)
    async with running_service(settings) as client:
        yield client


def assert_problem(reply: httpx.Response, status: int, title: str) -> dict[str, object]:
    body: dict[str, object] = reply.json()
    assert reply.status_code == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert body["status"] == status
    assert body["title"] == title
    assert body["request_id"] == reply.headers["X-Request-ID"]
    assert {"type", "detail"} <= set(body)
    assert unquote(str(body["instance"])) == reply.url.path
    return body


async def test_health_answers_with_exactly_this(http: httpx.AsyncClient) -> None:
    reply = await http.get("/health", headers={"Authorization": ""})

    assert reply.text == '{"status":"healthy","service":"api-service"}'


async def test_ready_names_the_index(http: httpx.AsyncClient) -> None:
    reply = await http.get("/ready")

    assert reply.json() == {
        "status": "ready",
        "service": "api-service",
        "dependencies": {"index": "ok"},
        "age_seconds": {"index": reply.json()["age_seconds"]["index"]},
    }


async def test_ready_names_a_dependency_that_does_not_answer(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.models = refuses(401)
        async with running_service(
            make_settings(tmp_path, openai=openai, qdrant_url="http://127.0.0.1:1")
        ) as http:
            reply = await http.get("/ready")

    assert reply.status_code == 503
    assert reply.json()["dependencies"] == {"index": "unavailable", "model": "unavailable"}


async def test_a_model_that_is_away_is_told_and_takes_no_search_along(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        await ingest(make_settings(tmp_path, openai=openai))
        openai.models = refuses(500)
        async with running_service(make_settings(tmp_path, openai=openai)) as http:
            ready = await http.get("/ready")
            found = await http.get("/v1/search", params={"q": "gait"})

    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["dependencies"] == {"index": "ok", "model": "unavailable"}
    assert found.status_code == 200


async def test_every_route_of_v1_asks_for_a_token(tmp_path: Path, http: httpx.AsyncClient) -> None:
    paths = create_app(make_settings(tmp_path)).openapi()["paths"]
    routes = [
        (method, path)
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1")
    ]

    assert len(routes) >= 3
    assert all(path.startswith("/v1/") or path in NEITHER for path in paths)
    for method, path in routes:
        for headers in ({"Authorization": ""}, bearer(make_token(SECRET[::-1]))):
            reply = await http.request(method, path, headers=headers, content=b"{not json")
            if path.startswith(OPENAI_PATHS):
                assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_token")
            else:
                assert_problem(reply, 401, "Invalid JWT")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
async def test_the_scheme_is_read_in_any_case(http: httpx.AsyncClient, scheme: str) -> None:
    reply = await http.get("/v1/me", headers={"Authorization": f"{scheme} {make_token()}"})

    assert reply.status_code == 200


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "Token abc"])
async def test_another_scheme_counts_as_no_token(http: httpx.AsyncClient, header: str) -> None:
    reply = await http.get("/v1/me", headers={"Authorization": header})

    assert_problem(reply, 401, "Invalid JWT")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="api-service"'


async def test_an_expired_token_is_refused_with_its_reason(http: httpx.AsyncClient) -> None:
    expired = make_token(exp=int(time.time()) - 60)
    body = assert_problem(await http.get("/v1/me", headers=bearer(expired)), 401, "Invalid JWT")

    assert body["detail"] == "The token has expired."
    assert body["instance"] == "/v1/me"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/chat/", "/v1/chat/more"])
async def test_an_unknown_path_is_a_problem(http: httpx.AsyncClient, path: str) -> None:
    assert_problem(await http.get(path), 404, "Not Found")


async def test_a_path_is_named_as_a_uri_reference(http: httpx.AsyncClient) -> None:
    reply = await http.get("/v1/%ff%00%22 x?q=marked")

    assert_problem(reply, 404, "Not Found")
    assert reply.json()["instance"] == "/v1/%EF%BF%BD%00%22%20x"


async def test_a_crash_tells_the_caller_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("api-service", "json", "INFO")
    settings = make_settings(tmp_path)
    await ingest(settings)

    class Crashing(ExtractiveModel):
        async def stream(self, prompt: Prompt) -> AsyncGenerator[str]:
            yield str(int(prompt.question))

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Resources]:
        async with open_resources(settings) as resources:
            yield replace(resources, model=Crashing())

    async with (
        serving(create_app(settings, open_resources=opened)) as address,
        httpx.AsyncClient(base_url=address, headers=bearer()) as client,
    ):
        reply = await client.post("/v1/chat", json={"message": "What is a lidar?"})

    body = assert_problem(reply, 500, "Internal Server Error")
    printed = capfd.readouterr().err
    assert "lidar" not in reply.text + printed
    assert "ValueError" in printed
    assert str(body["request_id"]) in printed


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/v1/chat", "GET, POST"), ("POST", "/v1/search", "GET"), ("PUT", "/v1/me", "GET")],
)
async def test_a_wrong_method_is_told_the_right_one(
    http: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    reply = await http.request(method, path)

    assert_problem(reply, 405, "Method Not Allowed")
    assert reply.headers["Allow"] == allowed


async def test_a_long_body_is_refused_by_its_announced_length(http: httpx.AsyncClient) -> None:
    reply = await http.post("/v1/chat", content=b"x" * 1_000_000)

    assert_problem(reply, 413, "Content Too Large")


async def test_a_long_body_without_a_length_is_refused_too(http: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES // 1024 + 1):
            yield b"x" * 1024

    assert_problem(await http.post("/v1/chat", content=body()), 413, "Content Too Large")


async def test_a_caller_has_a_limit_of_their_own(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, limit="2/minute")
    await ingest(settings)
    async with running_service(settings) as http:
        allowed = [
            (await http.post("/v1/chat", json={"message": "What is a gait?"})).status_code,
            (await http.get("/v1/search?q=gait")).status_code,
        ]
        refused = await http.get("/v1/search?q=gait")
        other = await http.get("/v1/search?q=gait", headers=bearer(make_token(sub="user-2")))
        claims = await http.get("/v1/me")

    assert allowed == [200, 200]
    assert_problem(refused, 429, "Too Many Requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (other.status_code, claims.status_code) == (200, 200)


async def test_questions_that_cannot_be_counted_are_refused_and_other_routes_go_on(
    tmp_path: Path,
) -> None:
    with running_redis(tmp_path) as redis:
        settings = make_settings(tmp_path, limit="2/minute", counted_in=redis.uri)
        await ingest(settings)
        async with running_service(settings) as http:
            allowed = await http.get("/v1/search?q=gait")
            redis.stop()
            refused = await http.get("/v1/search?q=gait")
            claims = await http.get("/v1/me")

    assert (allowed.status_code, claims.status_code) == (200, 200)
    assert_problem(refused, 503, "Limit Unavailable")
    assert int(refused.headers["Retry-After"]) >= 1


async def test_a_page_of_a_trusted_origin_may_read_answers(tmp_path: Path) -> None:
    origins = ("https://book.test", "https://*.book.test", "*.preview.test")
    async with running_service(make_settings(tmp_path, origins=origins)) as http:

        async def allowed(origin: str) -> str | None:
            reply = await http.options(
                "/v1/chat",
                headers={
                    "Origin": origin,
                    "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "authorization, content-type",
                },
            )
            origin_allowed: str | None = reply.headers.get("Access-Control-Allow-Origin")
            return origin_allowed

        assert await allowed("https://book.test") == "https://book.test"
        assert await allowed("https://new.book.test") == "https://new.book.test"
        assert await allowed("http://a.preview.test") == "http://a.preview.test"
        assert await allowed("https://evil.test") is None
        assert await allowed("https://book.test.evil.test") is None
        assert await allowed("http://new.book.test") is None
        assert await allowed("https://evil.test/.book.test") is None
        refused = await http.get(
            "/v1/me", headers={"Origin": "https://book.test", "Authorization": "x"}
        )

    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "https://book.test"


async def test_no_reply_to_a_caller_is_kept_by_anybody_on_the_way(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    await ingest(settings)
    question = {"role": "user", "content": "gait"}
    async with running_service(settings) as http:
        replies = [
            *[
                await http.get(f"/v1/{path}")
                for path in (
                    "me",
                    "usage",
                    "search?q=gait",
                    "models",
                    "models/book",
                    "chat?message=a",
                )
            ],
            await http.post("/v1/chat", json={"message": "gait"}),
            await http.post("/v1/chat/completions", json={"messages": [question]}),
        ]

    assert [reply.status_code for reply in replies] == [200] * len(replies)
    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-store"}


async def test_openais_client_may_ask_from_a_page_of_a_trusted_origin(tmp_path: Path) -> None:
    its_own = "authorization,content-type,user-agent,x-stainless-lang,x-stainless-retry-count"
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": its_own,
    }
    async with running_service(make_settings(tmp_path, origins=("https://book.test",))) as http:
        trusted, other = [
            await http.options("/v1/chat/completions", headers={"Origin": origin, **preflight})
            for origin in ("https://book.test", "https://evil.test")
        ]

    assert (trusted.status_code, other.status_code) == (200, 400)
    assert trusted.headers["Access-Control-Allow-Headers"] == its_own
    assert "Access-Control-Allow-Origin" not in other.headers


async def test_no_log_line_holds_what_a_reader_sent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("api-service", "json", "DEBUG")
    token = make_token(name="Marked-Name")
    async with scripted_openai() as openai:
        openai.chat = says("A marked-answer [1].")
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            http.headers.update(bearer(token))
            asked = await http.post("/v1/chat", json={"message": "marked-question gait"})
            assert asked.status_code == 200
            openai.chat = refuses(500)
            await http.post("/v1/chat", json={"message": "marked-question gait"})
            await http.post("/v1/chat", json={"message": "marked-question\x00"})
            await http.post("/v1/chat", content=b'{"message": "marked-question')
            await http.get("/v1/search?q=marked-query")
            await http.get("/v1/nowhere/marked-path?q=marked-query")
            await http.get("/v1/me", headers=bearer(token[:-4] + "AAAA"))

    streams = capfd.readouterr()
    printed = streams.out + streams.err
    assert len([line for line in streams.err.splitlines() if '"request"' in line]) == 7
    assert "marked-" not in printed.lower()
    assert "vendor-internal-words" not in printed
    assert "sk-scripted" not in printed
    assert token.split(".")[1] not in printed
    assert all(json.loads(line) for line in streams.err.splitlines())
