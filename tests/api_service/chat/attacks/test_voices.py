from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.api_service.book import ingest
from tests.api_service.scripted_openai import says, scripted_openai
from tests.api_service.service import make_settings, running_service

QUESTION = "What does a lidar measure?"
EVIL = (
    "A lidar measures distance by timing light [1]. ![x](https://evil.example/?q=1) "
    "<img src=https://evil.example> [more](https://evil.example/more) \U000e0041"
)
SAFE = "A lidar measures distance by timing light [1]. ! [x] (…) < img src=https…> [more] (…)"


@pytest_asyncio.fixture(scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with scripted_openai() as openai:
        openai.chat = says(*EVIL)
        settings = make_settings(tmp_path_factory.mktemp("voices"), openai=openai)
        await ingest(settings)
        async with running_service(settings) as client:
            yield client


async def test_the_whole_answer_is_harmless(http: httpx.AsyncClient) -> None:
    reply = await http.post("/v1/chat", json={"message": QUESTION})

    assert reply.json()["response"] == SAFE


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat", {"message": QUESTION}),
        ("/v1/chat/stream", {"message": QUESTION}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": QUESTION}]}),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": QUESTION}], "stream": True},
        ),
        (
            "/v1/chat/ui",
            {"messages": [{"role": "user", "parts": [{"type": "text", "text": QUESTION}]}]},
        ),
    ],
)
async def test_no_voice_says_what_may_not_leave(
    http: httpx.AsyncClient, path: str, body: dict[str, object]
) -> None:
    reply = await http.post(path, json=body)

    assert reply.status_code == 200
    assert "lidar" in reply.text
    for evil in ("evil", "![", "<img", "\U000e0041", "\\udb40"):
        assert evil not in reply.text
