"""Several of each service behind one origin: limits, revocations, and whatever may be killed."""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from benchmarks.soak.load import Plan, running
from benchmarks.soak.readers import Reader as Known
from tests.journeys.containers import Stack, addresses, killed, resident_megabytes
from tests.journeys.load import (
    OK,
    PASSWORD,
    QUESTION,
    Reader,
    all_sign_in,
    answer,
    load,
    signed_up,
    site,
)
from tests.journeys.readme import CHECKOUT, commands
from tests.journeys.replicas import API, AUTH, BACK_SECONDS, ORIGIN, back, running_replicas

KINDS = {"session", "sign-in", "sign-up", "answer", "stream"}

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("COMPOSE_JOURNEY") != "1", reason="runs by `make test-compose` alone"
    ),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_replicas(tmp_path_factory.mktemp("clone")) as stack:
        yield stack


@pytest_asyncio.fixture(scope="module")
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    del stack
    async with site(ORIGIN) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def readers(http: httpx.AsyncClient) -> list[Reader]:
    return [await signed_up(http) for _ in range(40)]


def test_the_images_and_the_processes_are_no_larger_than_they_may_be(stack: Stack) -> None:
    sizes = subprocess.run(
        [sys.executable, "-m", "benchmarks.images"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    resident = {name: resident_megabytes(stack.main_process(name)) for name in (*AUTH, *API)}

    assert sizes.returncode == 0, sizes.stdout + sizes.stderr
    assert sizes.stdout.count(" MB  ") == 20
    assert all(resident[name] <= 130 for name in AUTH), resident
    assert all(resident[name] <= 220 for name in API), resident


async def test_both_services_answer_under_one_origin_and_nothing_else_does(
    stack: Stack, http: httpx.AsyncClient, readers: list[Reader]
) -> None:
    answered = await answer(http, readers[0])
    session = await http.get("/api/auth/get-session", headers={"cookie": readers[0].cookie})
    others = [await http.get(path) for path in ("/", "/health", "/internal/revocations")]
    published = stack.compose("ps", "--format", "{{.Service}} {{.Ports}}").stdout

    assert answered.json()["mode"] == "generated"
    assert session.json()["user"]["email"] == readers[0].email
    assert [each.status_code for each in others] == [404, 404, 404]
    assert [line.split()[0] for line in published.splitlines() if "->" in line] == ["proxy"]


async def test_an_address_is_what_the_proxy_saw_not_what_was_claimed(
    http: httpx.AsyncClient, readers: list[Reader]
) -> None:
    claimed = {"X-Forwarded-For": "203.0.113.7", "cookie": readers[0].cookie}
    body = {"email": readers[0].email, "password": "battery staple correct"}
    signed_in = await http.post("/api/auth/sign-in/email", json=body, headers=claimed)
    cookie = signed_in.headers["set-cookie"].split(";")[0]
    session = (await http.get("/api/auth/get-session", headers={"cookie": cookie})).json()

    assert session["session"]["ipAddress"] not in {"", "203.0.113.7"}


async def test_questions_are_limited_exactly_across_all_replicas(http: httpx.AsyncClient) -> None:
    reader = await signed_up(http)

    async def search() -> tuple[int, str]:
        reply = await http.get("/v1/search", params={"q": "robot"}, headers=reader.bearer)
        return reply.status_code, reply.headers.get("Retry-After", "")

    told = await asyncio.gather(*(search() for _ in range(90)))

    assert Counter(status for status, _ in told) == {200: 60, 429: 30}
    assert all(1 <= int(after) <= 60 for status, after in told if status == 429)


async def test_wrong_passwords_are_limited_exactly_across_all_replicas_whoever_one_claims_to_be(
    http: httpx.AsyncClient,
) -> None:
    reader = await signed_up(http)
    body = {"email": reader.email, "password": "not the password"}
    claimed = [{"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.{n}"} for n in range(12)]
    tries = [http.post("/api/auth/sign-in/email", json=body, headers=each) for each in claimed]
    told = Counter(reply.status_code for reply in await asyncio.gather(*tries))

    assert told == {401: 5, 429: 7}


async def test_a_sign_out_is_heard_by_every_replica(stack: Stack, http: httpx.AsyncClient) -> None:
    reader = await signed_up(http)
    before = await statuses(stack, http, reader)
    out = await http.post("/api/auth/sign-out", headers={"cookie": reader.cookie})

    assert (before, out.status_code) == ({200}, 200)
    await refused_everywhere(stack, http, reader)


async def test_a_stream_passes_the_proxy_as_it_comes(
    http: httpx.AsyncClient, readers: list[Reader]
) -> None:
    async with http.stream(
        "POST", "/v1/chat/stream", json=QUESTION, headers=readers[1].bearer
    ) as reply:
        came = [time.monotonic() async for line in reply.aiter_lines() if line == "event: delta"]

    # The model says a word every 20 ms, for 0.8 s: all at once is what a buffer would make of it.
    assert came[-1] - came[0] > 0.3


async def test_of_a_reader_who_leaves_the_model_hears_through_the_proxy(
    stack: Stack, http: httpx.AsyncClient, readers: list[Reader]
) -> None:
    (upstream,) = addresses(*stack.containers("upstream"))

    async def abandoned() -> int:
        return len((await http.get(f"http://{upstream}:9000/abandoned")).json())

    before = await abandoned()
    async with http.stream(
        "POST", "/v1/chat/stream", json=QUESTION, headers=readers[2].bearer
    ) as reply:
        async for line in reply.aiter_lines():
            if line == "event: delta":
                break
    deadline = time.monotonic() + 5
    while await abandoned() == before:
        assert time.monotonic() < deadline, "the model goes on"
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("name", [*AUTH, *API])
async def test_a_replica_that_is_killed_costs_no_more_than_it_had_in_its_hands(
    stack: Stack, http: httpx.AsyncClient, readers: list[Reader], name: str
) -> None:
    async with load(http, readers) as record:
        await asyncio.sleep(1)
        began, gone = await asyncio.to_thread(lambda: killed(stack.main_process(name)))
        await back(stack, http, readers, began)
        await asyncio.sleep(1)

    lost = record.failed()
    assert [each for each in lost if each.begun > gone or each.ended < began] == []
    assert len(lost) <= 5  # one of each kind is under way at a time
    assert Counter(each.kind for each in record.asked if each.outcome == OK).keys() == KINDS
    await all_sign_in(http, record.accounts)


@pytest.mark.parametrize("name", ["proxy", "redis", "postgres", "qdrant"])
async def test_what_the_replicas_need_comes_back_and_nothing_acknowledged_is_lost(
    stack: Stack, http: httpx.AsyncClient, readers: list[Reader], name: str
) -> None:
    async with load(http, readers) as record:
        await asyncio.sleep(1)
        began, _ = await asyncio.to_thread(lambda: killed(stack.main_process(name)))
        await back(stack, http, readers, began)
        since = began + BACK_SECONDS
        while {each.kind for each in record.asked if each.begun > since} != KINDS:
            assert time.monotonic() < since + 30, "no request of each kind ends any more"
            await asyncio.sleep(0.2)

    assert [each for each in record.failed() if each.ended < began or each.begun > since] == []
    await all_sign_in(http, record.accounts)


async def test_what_was_counted_and_ended_stays_so_when_redis_and_the_database_are_killed(
    stack: Stack, http: httpx.AsyncClient, readers: list[Reader]
) -> None:
    limited, gone = await signed_up(http), await signed_up(http)
    wrong = {"email": limited.email, "password": "not the password"}
    tries = [await http.post("/api/auth/sign-in/email", json=wrong) for _ in range(6)]
    await http.post("/api/auth/sign-out", headers={"cookie": gone.cookie})
    both = [stack.main_process(name) for name in ("redis", "postgres")]

    began = [(await asyncio.to_thread(killed, process))[0] for process in both]
    await back(stack, http, readers, began[0])

    again = await http.post("/api/auth/sign-in/email", json=wrong)
    ended = await http.get("/api/auth/get-session", headers={"cookie": gone.cookie})
    assert (tries[-1].status_code, again.status_code) == (429, 429)
    assert ended.json() is None
    await refused_everywhere(stack, http, gone)
    later = await signed_up(http)
    await http.post("/api/auth/sign-out", headers={"cookie": later.cookie})
    await refused_everywhere(stack, http, later)


async def test_a_deployment_under_load_fails_no_request(
    stack: Stack, http: httpx.AsyncClient, readers: list[Reader], tmp_path: Path
) -> None:
    known = [Known(each.email, PASSWORD, each.cookie, each.token) for each in readers]
    plan = Plan(ORIGIN, ORIGIN, seconds=300)
    replaced, reloaded = commands("docs/scaling.md")["Several of each service"]
    with running(plan, known, tmp_path, environment=CHECKOUT / "build" / "soak") as under_way:
        await asyncio.sleep(2)
        # Without --no-deps Compose makes those anew whose image has been built since, as the model.
        for task in ("migrate", "ingest"):
            await asyncio.to_thread(stack.compose, "run", "--rm", "--no-deps", task)
        await asyncio.to_thread(stack.run, reloaded)
        for name in (*AUTH, *API):
            await asyncio.to_thread(stack.run, replaced.replace("auth-1", name))
            await back(stack, http, readers, time.monotonic(), within=60)
        assert not under_way.ended(), "the load ended before all were replaced"
        under_way.stop()
        told = await asyncio.to_thread(under_way.result)

    asked = sum(minute.count for minutes in told.minutes.values() for minute in minutes)
    assert asked > told.dropped
    assert [each for each in told.failed if not each.retryable] == []


async def statuses(stack: Stack, http: httpx.AsyncClient, reader: Reader) -> set[int]:
    """Return what each api-service says to a reader's token, asked past the proxy."""
    at = await asyncio.to_thread(lambda: addresses(*stack.containers(*API)))
    asked = [http.get(f"http://{each}:8000/v1/me", headers=reader.bearer) for each in at]
    return {reply.status_code for reply in await asyncio.gather(*asked)}


async def refused_everywhere(stack: Stack, http: httpx.AsyncClient, reader: Reader) -> None:
    deadline = time.monotonic() + 5
    while (after := await statuses(stack, http, reader)) != {401}:
        assert time.monotonic() < deadline, after
        await asyncio.sleep(0.1)
