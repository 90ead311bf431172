import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from api_service.wire import SEARCH_LENGTH
from tests.api_service.book import LIDAR, ingest
from tests.api_service.scripted_openai import says_then_hangs, scripted_openai
from tests.api_service.scripted_reranker import scripted_reranker
from tests.api_service.service import make_settings, running_service


@pytest_asyncio.fixture(scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(tmp_path_factory.mktemp("service"))
    await ingest(settings)
    async with running_service(settings) as client:
        yield client


async def test_passages_come_with_their_place_in_the_book(http: httpx.AsyncClient) -> None:
    body = (await http.get("/v1/search", params={"q": "what blinds a lidar?"})).json()
    best = body["results"][0]

    assert body["retrieval"] == "bm25"
    assert best == {
        "document": "sensors",
        "path": "sensors.md",
        "title": "Sensors",
        "heading_path": ["Sensors", "Lidar"],
        "url": "http://localhost:3000/docs/sensors",
        "anchor": "lidar",
        "text": LIDAR.text,
        "score": best["score"],
    }


async def test_a_slip_of_the_pen_is_forgiven(http: httpx.AsyncClient) -> None:
    body = (await http.get("/v1/search", params={"q": "acelerometers"})).json()

    assert body["results"][0]["anchor"] == "inertial-measurement-units"


async def test_a_reranker_is_told_of(tmp_path: Path) -> None:
    async with scripted_reranker() as scripted:
        settings = make_settings(tmp_path).model_copy(update={"reranker": scripted.url})
        await ingest(settings)
        async with running_service(settings) as http:
            body = (await http.get("/v1/search", params={"q": "lidar, axes, gait"})).json()

    assert body["reranked"] is True
    assert body["results"][0]["anchor"] == "gaits"


async def test_beyond_the_crowd_a_search_is_refused_at_once_and_told_when_to_come_back(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai:
        openai.chat = says_then_hangs("A lidar")
        settings = make_settings(tmp_path, openai=openai).model_copy(update={"answers_at_once": 1})
        await ingest(settings)
        async with running_service(settings) as http:
            question = {"message": "What blinds a lidar?"}
            async with http.stream("POST", "/v1/chat/stream", json=question):
                await asyncio.wait_for(openai.reached.wait(), 20)
                refused = await http.get("/v1/search", params={"q": "lidar"})
            await asyncio.wait_for(openai.abandoned.wait(), 20)
            while (  # noqa: ASYNC110 -- not an event
                found := await http.get("/v1/search", params={"q": "lidar"})
            ).status_code != 200:
                await asyncio.sleep(0.05)

    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/too-busy")
    assert int(refused.headers["retry-after"]) >= 1
    assert found.json()["results"]


async def test_words_that_are_nowhere_find_nothing(http: httpx.AsyncClient) -> None:
    reply = await http.get("/v1/search", params={"q": "zxcv"})

    assert reply.json() == {"results": [], "retrieval": "bm25", "reranked": False}


async def test_there_are_no_more_results_than_asked_for(http: httpx.AsyncClient) -> None:
    body = (await http.get("/v1/search", params={"q": "lidar gait axes node", "limit": 2})).json()

    assert len(body["results"]) == 2


async def test_with_an_embedder_both_rankings_count(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        settings = make_settings(tmp_path, openai=openai)
        await ingest(settings)
        async with running_service(settings) as http:
            both = (await http.get("/v1/search", params={"q": "lidar"})).json()
            meaning_alone = (await http.get("/v1/search", params={"q": "what is it"})).json()

    assert (both["retrieval"], both["results"][0]["anchor"]) == ("hybrid", "lidar")
    assert meaning_alone["retrieval"] == "dense"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=",
        "q=%20%20",
        "q=a%00b",
        "q=a%1Bb",
        "q=" + "x" * (SEARCH_LENGTH + 1),
        "q=gait&limit=0",
        "q=gait&limit=51",
        "q=gait&limit=-1",
        "q=gait&limit=many",
    ],
)
async def test_a_bad_query_is_refused_without_an_echo(http: httpx.AsyncClient, query: str) -> None:
    reply = await http.get(f"/v1/search?{query}")

    assert (reply.status_code, reply.json()["title"]) == (422, "Invalid Input")
    assert reply.json()["errors"][0]["member"] == ("limit" if "limit" in query else "q")
    assert "many" not in reply.text
    assert "xxx" not in reply.text
