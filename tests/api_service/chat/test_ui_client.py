"""The Vercel AI SDK's own client, from npm, asking the book."""

import asyncio
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_service.settings import Settings
from tests.api_service.book import GAIT, IMU, ingest
from tests.api_service.scripted_openai import (
    breaks_off,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
)
from tests.api_service.service import make_settings, make_token, running_service
from tests.npm import script_beside

CLIENT = "ai@6.0.326"
PAGE = Path(__file__).with_name("ui_client.mjs")
WORDS = "What is an inertial measurement unit?"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, beside the client's package."""
    return script_beside(CLIENT, PAGE, tmp_path_factory.mktemp("ui"))


@dataclass(frozen=True)
class Shown:
    """What the page shows in the end."""

    messages: list[dict[str, Any]]
    status: str
    error: str | None

    def parts(self, kind: str, message: int = -1) -> list[dict[str, Any]]:
        return [part for part in self.messages[message]["parts"] if part["type"] == kind]


async def shown(
    page: Path, http: httpx.AsyncClient, *messages: str, token: str = "", stop: bool = False
) -> Shown:
    """Return what the page shows after a reader has written these messages."""
    environment = {
        "PATH": os.environ["PATH"],
        "API": f"{str(http.base_url).rstrip('/')}/v1/chat/ui",
        "TOKEN": token or make_token(),
        "MESSAGES": json.dumps(messages),
        "STOP": "yes" if stop else "",
    }
    process = await asyncio.create_subprocess_exec(
        *("node", str(page)), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return Shown(**json.loads(out.decode().splitlines()[-1]))


async def book_of(folder: Path, **changes: Any) -> Settings:  # noqa: ANN401 -- the factory's own
    settings = make_settings(folder, **changes)
    await ingest(settings)
    return settings


async def test_a_page_shows_words_sources_and_what_is_told_of_them(
    page: Path, tmp_path: Path
) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("An IMU reports ", "rates — [1].")
        async with running_service(await book_of(tmp_path, openai=openai)) as http:
            chat = await shown(page, http, WORDS)
    (text,) = chat.parts("text")
    (source,) = chat.parts("source-url")
    message = chat.messages[-1]

    assert (chat.status, chat.error) == ("ready", None)
    assert message["role"] == "assistant"
    assert (text["text"], text["state"]) == ("An IMU reports rates — [1].", "done")
    assert (source["sourceId"], source["url"]) == ("1", f"{IMU.url}#{IMU.anchor}")
    assert source["title"] == "Sensors > Inertial measurement units"
    assert source["providerMetadata"]["book"]["snippet"] == IMU.text
    assert message["metadata"]["mode"] == "generated"
    assert message["metadata"]["refused"] is False
    assert message["id"] == f"msg-{message['metadata']['request_id']}"


async def test_a_conversation_goes_on(page: Path, tmp_path: Path) -> None:
    async with running_service(await book_of(tmp_path)) as http:
        chat = await shown(page, http, WORDS, "What is a gait?")
    roles = [message["role"] for message in chat.messages]

    assert roles == ["user", "assistant", "user", "assistant"]
    assert chat.parts("text")[0]["text"].startswith(GAIT.text.split(".")[0])
    assert [part["url"] for part in chat.parts("source-url", 1)] == [f"{IMU.url}#{IMU.anchor}"]


async def test_a_refusal_is_an_error_the_page_can_read(page: Path, tmp_path: Path) -> None:
    async with running_service(await book_of(tmp_path)) as http:
        chat = await shown(page, http, WORDS, token="x.y.z")

    assert chat.status == "error"
    assert json.loads(chat.error or "")["type"] == "/problems/invalid-token"


@pytest.mark.parametrize("begun", [True, False])
async def test_a_failure_is_an_error_the_page_can_read(
    page: Path, tmp_path: Path, begun: bool
) -> None:
    async with scripted_openai() as openai:
        openai.chat = breaks_off("An IMU reports", " rates") if begun else refuses(401)
        async with running_service(await book_of(tmp_path, openai=openai)) as http:
            chat = await shown(page, http, WORDS)
    problem = json.loads(chat.error or "")

    assert chat.status == "error"
    assert (problem["type"], problem["status"]) == ("/problems/model-unavailable", 503)
    assert [message["role"] for message in chat.messages] == ["user", "assistant"][: 1 + begun]


async def test_a_reader_who_stops_ends_the_work_upstream(page: Path, tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says_then_hangs("An IMU reports rates [1]. ", "It is ", "a sensor")
        async with running_service(await book_of(tmp_path, openai=openai)) as http:
            chat = await shown(page, http, WORDS, stop=True)
            await asyncio.wait_for(openai.abandoned.wait(), 5)

    assert chat.status == "ready"
    assert chat.parts("text")[0]["text"].startswith("An IMU")
