"""OpenAI's official client, asking the book."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from api_service.wire import MESSAGE_LENGTH
from tests.api_service.book import GAIT, IMU, ingest
from tests.api_service.scripted_openai import breaks_off, refuses, says, scripted_openai
from tests.api_service.service import make_settings, make_token, running_service
from tests.journeys.readme import CHECKOUT

WORDS = "What is an inertial measurement unit?"
USER: Any = {"role": "user", "content": WORDS}
ANY = "any-model"
Messages = Any  # what the client's types would not let through


@asynccontextmanager
async def client_of(http: httpx.AsyncClient, key: str | None = None) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        base_url=f"{str(http.base_url).rstrip('/')}/v1",
        api_key=key or make_token(),
        max_retries=0,
    ) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(tmp_path_factory.mktemp("service"))
    await ingest(settings)
    async with running_service(settings) as service:
        yield service


@pytest_asyncio.fixture(scope="module")
async def client(http: httpx.AsyncClient) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(http) as each:
        yield each


async def test_the_official_client_is_answered(client: AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(model=ANY, messages=[USER])
    (choice,) = completion.choices

    assert completion.id.startswith("chatcmpl-")
    assert completion.object == "chat.completion"
    assert completion.model == "extractive:sentences"
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert choice.message.content is not None
    assert choice.message.content.startswith("An inertial measurement unit (IMU) is a package")
    assert completion.usage is not None
    assert completion.usage.total_tokens == 0


async def test_the_official_client_is_streamed_to(tmp_path: Path) -> None:
    async with scripted_openai() as vendor:
        vendor.chat = says("An IMU reports ", "rates [1].")
        settings = make_settings(tmp_path, openai=vendor)
        await ingest(settings)
        async with running_service(settings) as http, client_of(http) as client:
            stream = await client.chat.completions.create(
                model=ANY, messages=[USER], stream=True, stream_options={"include_usage": True}
            )
            *chunks, last = [chunk async for chunk in stream]

    assert last.choices == []
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == (
        "An IMU reports rates [1]."
    )
    assert [chunk.choices[0].finish_reason for chunk in chunks][-2:] == [None, "stop"]
    assert {chunk.id for chunk in chunks} == {last.id}
    assert {chunk.model for chunk in chunks} == {"openai:gpt-4o-mini"}
    assert all(chunk.usage is None for chunk in chunks)


async def test_a_stream_tells_no_usage_unless_it_is_asked_to(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model=ANY, messages=[USER], stream=True)
    chunks = [chunk async for chunk in stream]

    assert all(chunk.choices for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_the_clients_own_helper_reads_the_stream(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(model=ANY, messages=[USER]) as stream:
        completion = await stream.get_final_completion()

    assert (completion.choices[0].message.content or "").startswith("An inertial measurement")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_conversation_of_chat_programs_is_taken(client: AsyncOpenAI, stream: bool) -> None:
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "a gait?"}]
    messages: Any = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "developer", "content": "Say arr."},
        *(
            {"role": role, "content": f"{n} words"}
            for n in range(60)
            for role in ("user", "assistant")
        ),
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "user", "content": "x" * 9000},
        {"role": "user", "content": parts, "name": "Ada"},
    ]
    answered = await client.chat.completions.create(
        model=ANY, messages=messages, stream=stream, temperature=0.3, max_tokens=9, user="Ada"
    )
    if isinstance(answered, openai.AsyncStream):
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in answered])
    else:
        text = answered.choices[0].message.content or ""

    assert text.startswith(GAIT.text.split(".")[0])


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": "gait"}],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": "x" * (MESSAGE_LENGTH + 1)}],
        [{"role": "user", "content": "ga\x00it"}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "gait"}}]}],
        [{"role": "captain", "content": "gait"}],
        [{"content": "gait"}],
        "gait",
    ],
)
async def test_what_is_no_question_is_a_bad_request(
    client: AsyncOpenAI, messages: Messages
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(model=ANY, messages=messages)

    assert refused.value.type == "invalid_request_error"
    assert refused.value.code == "invalid_input"
    assert str(refused.value.param).startswith("messages")
    assert "gait" not in refused.value.message
    assert refused.value.request_id


async def test_more_than_one_answer_cannot_be_had(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model=ANY, messages=[USER], n=2)


@pytest.mark.parametrize("key", ["sk-nonsense", "x.y.z", make_token("another-secret" * 4)])
async def test_a_wrong_key_is_an_authentication_error(http: httpx.AsyncClient, key: str) -> None:
    async with client_of(http, key) as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            await client.chat.completions.create(model=ANY, messages=[USER])

    assert (refused.value.type, refused.value.code) == ("authentication_error", "invalid_token")
    assert "WWW-Authenticate" in refused.value.response.headers


async def test_a_used_up_limit_is_a_rate_limit_error(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, limit="1/minute")
    await ingest(settings)
    async with running_service(settings) as http, client_of(http) as client:
        await client.chat.completions.create(model=ANY, messages=[USER])
        with pytest.raises(openai.RateLimitError) as refused:
            await client.chat.completions.create(model=ANY, messages=[USER])
        await client.models.list()

    assert refused.value.type == "rate_limit_error"
    assert int(refused.value.response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("stream", [True, False])
async def test_a_model_that_is_away_is_a_server_error(tmp_path: Path, stream: bool) -> None:
    async with scripted_openai() as vendor:
        vendor.chat = refuses(401)
        settings = make_settings(tmp_path, openai=vendor)
        await ingest(settings)
        async with running_service(settings) as http, client_of(http) as client:
            with pytest.raises(openai.InternalServerError) as refused:
                await client.chat.completions.create(model=ANY, messages=[USER], stream=stream)

    assert refused.value.status_code == 503
    assert (refused.value.type, refused.value.code) == ("server_error", "model_unavailable")
    assert int(refused.value.response.headers["Retry-After"]) > 0


async def test_a_stream_that_breaks_off_is_an_error_to_the_client(tmp_path: Path) -> None:
    async with scripted_openai() as vendor:
        vendor.chat = breaks_off("An IMU ", "reports ")
        settings = make_settings(tmp_path, openai=vendor)
        await ingest(settings)
        async with running_service(settings) as http, client_of(http) as client:
            stream = await client.chat.completions.create(model=ANY, messages=[USER], stream=True)
            chunks = []
            with pytest.raises(openai.APIError) as broken:  # noqa: PT012 -- of the loop
                async for chunk in stream:
                    chunks.append(chunk)  # noqa: PERF401 -- kept although it fails

    assert chunks[0].choices[0].delta.role == "assistant"
    assert broken.value.code == "model_unavailable"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models"])
async def test_other_refusals_have_openais_form_too(http: httpx.AsyncClient, path: str) -> None:
    method = await http.request("DELETE", path)
    length = await http.post(path, content=b"x" * 1_000_000)
    missing = await http.get("/v1/models/other")

    assert method.json()["error"]["code"] == "method_not_allowed"
    assert (length.status_code, length.json()["error"]["code"]) == (413, "too_large")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


async def test_the_book_is_the_only_model(client: AsyncOpenAI) -> None:
    (only,) = (await client.models.list()).data

    assert only.id == "book"
    assert await client.models.retrieve("book") == only
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("gpt-4o-mini")


async def test_the_program_of_the_page_on_endpoints_runs(http: httpx.AsyncClient) -> None:
    page = (CHECKOUT / "docs/endpoints.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert "http://127.0.0.1:8000/" in program
    ours = program.replace("http://127.0.0.1:8000/", f"{str(http.base_url).rstrip('/')}/")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ours),
        env=os.environ | {"TOKEN": make_token()},
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()

    assert process.returncode == 0
    assert out.decode().startswith(IMU.text.split(".")[0])


async def test_statements_are_annotated_with_the_heading_they_cite(client: AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(model=ANY, messages=[USER])
    message = completion.choices[0].message
    cited = [each.url_citation for each in message.annotations or []]

    assert cited
    assert {each.url for each in cited} == {f"{IMU.url}#{IMU.anchor}"}
    for each in cited:
        assert (message.content or "")[each.start_index : each.end_index].endswith("[1]")
