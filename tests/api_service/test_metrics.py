"""What happens to questions is what `/metrics` says of them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from prometheus_client import generate_latest

from api_service import budget_problems, problems
from api_service.circuit_breaker import CircuitBreaker
from api_service.metrics import METRICS, PROBLEMS
from service_kit.metrics import measured, recorder
from tests.api_service import left_behind
from tests.api_service.beside_vendor import ingested
from tests.api_service.scripted_faults import in_turn
from tests.api_service.scripted_openai import (
    ScriptedOpenAI,
    breaks_off,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
)
from tests.api_service.service import bearer, make_settings, make_token, running_service
from tests.service_kit.metrics.reading import Samples, parsed, value

QUESTION = {"message": "What is a lidar?"}
GPT = "openai:gpt-4o-mini"


@dataclass(frozen=True, slots=True)
class Measured:
    """A service whose metrics are read; counted anew for each test."""

    http: httpx.AsyncClient
    openai: ScriptedOpenAI
    folder: Path


@pytest_asyncio.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Measured]:
    folder = await ingested(tmp_path_factory.mktemp("book"))
    async with scripted_openai() as openai:
        settings = make_settings(folder, openai=openai, limit="100/minute").model_copy(
            update={"metrics_port": 1, "openai_base_url": openai.base_url, "llm_price": ((1, 10),)}
        )
        async with running_service(settings) as http:
            yield Measured(http, openai, folder)


class Reading:
    """What has been counted, once the block that counts is left."""

    samples: Samples

    def __call__(self, name: str, **labels: str) -> float:
        return value(self.samples, name, **labels) or 0


def now(name: str, **labels: str) -> float | None:
    """Return what is counted at this moment."""
    recording = recorder()
    assert recording is not None
    return value(parsed(generate_latest(recording.registry).decode()), name, **labels)


@asynccontextmanager
async def counting() -> AsyncIterator[Reading]:
    reading = Reading()
    with measured(METRICS) as recording:
        yield reading
        reading.samples = parsed(generate_latest(recording.registry).decode())


async def test_an_answer_is_counted_with_its_times_tokens_and_cost(running: Measured) -> None:
    running.openai.chat = says("A lidar measures distance by timing light [1].", usage=(1000, 50))
    async with counting() as told:
        reply = await running.http.post("/v1/chat", json=QUESTION)
        assert reply.status_code == 200

    assert told("api_answers_total", outcome="generated") == 1
    assert told("api_answers_total", outcome="refused") == 0
    assert told("api_answers_under_way") == 0
    for until in ("sources", "first_token", "end"):
        assert told("api_answer_seconds_count", until=until) == 1
    assert told("api_answer_seconds_sum", until="sources") <= told(
        "api_answer_seconds_sum", until="end"
    )
    assert told("api_llm_tokens_total", model=GPT, direction="input") == 1000
    assert told("api_llm_tokens_total", model=GPT, direction="output") == 50
    assert told("api_llm_cost_dollars_total", model=GPT) == pytest.approx(0.0015)
    assert told("api_citations_total", supported="yes") == 1
    assert told("api_citations_total", supported="no") == 0
    assert told("api_searches_total", by="hybrid") == 1
    for stage in ("embedding", "index"):
        assert told("api_search_stage_seconds_count", stage=stage) >= 1
    labels = {"method": "POST", "route": "/v1/chat"}
    assert told("http_requests_total", status="200", **labels) == 1


async def test_a_streams_tokens_and_those_of_putting_a_question_anew_cost_alike(
    running: Measured,
) -> None:
    answer = says("A lidar measures distance by timing light [1].", usage=(1000, 50))
    running.openai.chat = in_turn(says("What does a lidar measure?", usage=(100, 10)), answer)
    history = [{"role": "user", "content": "What is a lidar?"}]
    async with counting() as told:
        body = {"message": "And what does it measure?", "history": history}
        reply = await running.http.post("/v1/chat/stream", json=body)
        assert "event: done" in reply.text

    assert told("api_llm_tokens_total", model=GPT, direction="input") == 1100
    assert told("api_llm_tokens_total", model=GPT, direction="output") == 60
    assert told("api_llm_cost_dollars_total", model=GPT) == pytest.approx(0.0017)
    assert told("api_answers_total", outcome="generated") == 1


async def test_an_answer_whose_reader_leaves_costs_what_was_asked_for(running: Measured) -> None:
    running.openai.chat = says_then_hangs("A lidar measures distance by timing light [1]. ", "It")
    async with counting() as told:
        async with running.http.stream("POST", "/v1/chat/stream", json=QUESTION) as reply:
            async for line in reply.aiter_lines():
                if line == "event: delta":
                    break
        await left_behind.until(lambda: now("api_answers_under_way") == 0)

    asked = told("api_llm_tokens_total", model=GPT, direction="input")
    said = told("api_llm_tokens_total", model=GPT, direction="output")
    assert asked > 100
    assert 0 < said < 20
    assert told("api_llm_cost_dollars_total", model=GPT) == pytest.approx((asked + 10 * said) / 1e6)


async def test_an_answer_that_is_given_again_is_counted_and_costs_nothing(
    running: Measured, tmp_path: Path
) -> None:
    running.openai.chat = says("A lidar measures distance by timing light [1].", usage=(1000, 50))
    settings = make_settings(await ingested(tmp_path), openai=running.openai).model_copy(
        update={"metrics_port": 1, "llm_price": ((1, 10),), "answer_cache": 10}
    )
    async with counting() as told, running_service(settings) as http:
        for _ in range(3):
            assert (await http.post("/v1/chat", json=QUESTION)).status_code == 200

    assert told("api_answers_total", outcome="generated") == 1
    assert told("api_answers_total", outcome="again") == 2
    assert told("api_answer_seconds_count", until="end") == 1
    assert told("api_llm_cost_dollars_total", model=GPT) == pytest.approx(0.0015)


async def test_a_statement_its_source_does_not_make_is_counted_as_unsupported(
    running: Measured,
) -> None:
    running.openai.chat = says("A lidar was invented by a baker in Lisbon [1].")
    async with counting() as told:
        await running.http.post("/v1/chat", json=QUESTION)

    assert told("api_citations_total", supported="no") == 1


async def test_a_question_the_book_does_not_cover_is_counted_as_refused(running: Measured) -> None:
    async with counting() as told:
        await running.http.post("/v1/chat", json={"message": "zxcv qwer asdf"})

    assert told("api_answers_total", outcome="refused") == 1
    assert told("api_answer_seconds_count", until="first_token") == 0
    assert told("api_llm_tokens_total", model=GPT, direction="input") == 0


async def test_a_vendor_that_refuses_is_counted_with_the_reason(running: Measured) -> None:
    running.openai.chat = refuses(401)
    async with counting() as told:
        reply = await running.http.post("/v1/chat", json=QUESTION)
        assert reply.status_code == 503

    assert told("api_upstream_errors_total", upstream="openai", reason="key_refused") == 1
    assert told("api_problems_total", problem="model-unavailable") == 1
    assert told("api_answers_total", outcome="generated") == 0


async def test_a_stream_that_breaks_off_is_counted_as_a_problem(running: Measured) -> None:
    running.openai.chat = breaks_off("A lidar measures distance")
    async with counting() as told:
        reply = await running.http.post("/v1/chat/stream", json=QUESTION)
        assert "event: error" in reply.text
        await left_behind.until(lambda: now("http_requests_in_flight") == 0)

    assert told("api_problems_total", problem="model-unavailable") == 1
    assert told("api_llm_tokens_total", model=GPT, direction="input") > 0


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Authorization": ""}, "missing"),
        (bearer("no-token"), "malformed"),
        (bearer(make_token(secret="0" * 48)), "wrong_signature"),
        (bearer(make_token(exp=1_000_000_001, iat=1_000_000_000, nbf=1_000_000_000)), "expired"),
        (bearer(make_token(aud="someone-else")), "wrong_audience"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_token_that_is_refused_is_counted_with_the_reason(
    running: Measured, headers: dict[str, str], reason: str
) -> None:
    async with counting() as told:
        reply = await running.http.get("/v1/me", headers=headers)
        assert reply.status_code == 401

    assert told("api_tokens_refused_total", reason=reason) == 1
    assert told("api_problems_total", problem="invalid-token") == 1


async def test_who_has_never_been_left_alone_is_shown_so() -> None:
    async with counting() as told:
        CircuitBreaker(GPT)

    assert ("api_circuits_opened_total", frozenset({("name", GPT)})) in told.samples


def test_each_type_of_problem_is_shown_from_the_start() -> None:
    def kinds(of: type[problems.Problem]) -> Iterator[str]:
        for each in of.__subclasses__():
            yield each.kind.removeprefix("/problems/")
            yield from kinds(each)

    assert budget_problems.TooBusy in problems.Unavailable.__subclasses__()
    assert set(PROBLEMS.labels["problem"]) == set(kinds(problems.Problem))


async def test_a_limit_that_is_met_is_counted_by_its_name(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, limit="1/minute")
    async with counting() as told, running_service(settings) as http:
        for _ in range(3):
            await http.post("/v1/chat", json=QUESTION)

    assert told("rate_limited_total", limit="chat") == 2
    assert told("api_problems_total", problem="too-many-requests") == 2


async def test_silence_of_auth_service_is_told_in_seconds(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, revocations="best-effort")
    async with counting() as told, running_service(settings):
        pass

    assert told("api_revocations_age_seconds") > 0
    assert told("api_upstream_errors_total", upstream="auth_service", reason="away") > 0
