"""Readers, fifty a second, while the book is rebuilt beneath them, in both forms of the index."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from structlog.testing import capture_logs

from api_service.settings import Settings
from tests.api_service.qdrant_server import qdrant_server
from tests.api_service.scripted_openai import ScriptedOpenAI, embeds, scripted_openai
from tests.api_service.service import make_settings, running_service
from tests.loopback import free_port

ROOT = Path(__file__).parents[3]
PAGES = 12
READERS_A_SECOND = 50
MOST_AT_ONCE = 40
"""A machine that is too slow for fifty a second is asked as fast as it answers."""

DIMENSIONS = {"text-embedding-3-small": 8, "text-embedding-3-large": 6}
KILLED = "killed"


@pytest.fixture
async def openai() -> AsyncIterator[ScriptedOpenAI]:
    """An embedder with vectors of another length for each model; silent about one edition."""
    over = asyncio.Event()

    async def scene(server: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        if any(f"edition {KILLED}" in text for text in body["input"]):
            server.reached.set()
            await over.wait()
        return await embeds(DIMENSIONS[body["model"]])(server, body)

    async with scripted_openai() as server:
        server.embeddings = scene
        yield server
        over.set()


def write_edition(folder: Path, edition: str, first: int) -> Path:
    """Write a book whose every sentence says which edition it is of."""
    book = folder / f"edition-{edition}"
    book.mkdir()
    for page in range(first, first + PAGES):
        (book / f"page{page}.md").write_text(
            f"# Page {page}\n\nThe gripper of edition {edition} holds a cup.\n\n"
            f"## Fingers\n\nTwo fingers close the gripper in edition {edition}.\n"
        )
    return book


@dataclass
class Readers:
    """Who asks the service, and what they have been told.

    Attributes:
        http: Speaks to the service.
        editions: Of each answer, which editions it was made of.
        wrong: What should not have been answered.
        ways: What searches compared.
    """

    http: httpx.AsyncClient
    editions: list[frozenset[str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ways: set[str] = field(default_factory=set)

    async def search(self) -> None:
        question = {"q": "Which gripper holds a cup with its fingers?"}
        self._note(await self.http.get("/v1/search", params=question))

    async def ask(self) -> None:
        question = {"message": "Which gripper holds a cup with its fingers?"}
        self._note(await self.http.post("/v1/chat", json=question))

    def _note(self, reply: httpx.Response) -> None:
        editions = frozenset(re.findall(r"edition (\w+)", reply.text))
        self.editions.append(editions)
        if reply.status_code != httpx.codes.OK or len(editions) != 1:
            self.wrong.append(f"{reply.status_code} {reply.text}")
        else:
            self.ways.add(reply.json()["retrieval"])

    async def until_all_read(self, edition: str) -> None:
        """Wait until an edition is what readers are told of, as it must be in the end."""
        async with asyncio.timeout(30):
            while not self.editions or self.editions[-1] != {edition}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Readers]:
    """Let readers ask, as many a second, for as long as the context lasts."""
    async with running_service(settings) as http:
        readers = Readers(http)
        room = asyncio.Semaphore(MOST_AT_ONCE)
        ended = asyncio.Event()

        async def one(number: int) -> None:
            try:
                await (readers.ask() if number % 5 == 0 else readers.search())
            finally:
                room.release()

        async def come() -> None:
            async with asyncio.TaskGroup() as group:
                number = 0
                while not ended.is_set():
                    await room.acquire()
                    group.create_task(one(number))
                    number += 1
                    await asyncio.sleep(1 / READERS_A_SECOND)

        coming = asyncio.create_task(come())
        try:
            yield readers
        finally:
            ended.set()
            await coming


class Command:
    """`book-ingest`, in a process of its own."""

    def __init__(self, folder: Path, openai: ScriptedOpenAI, qdrant_url: str | None) -> None:
        self._folder = folder
        self._openai = openai
        kept = ("PATH", "HOME", "TMPDIR", "LANG")
        self.environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(folder / "data"),
            **({"QDRANT_URL": qdrant_url} if qdrant_url else {}),
        }

    def start(self, book: Path, model: str | None) -> "subprocess.Popen[str]":
        embedder = {
            "OPENAI_API_KEY": "sk-scripted",
            "OPENAI_BASE_URL": self._openai.base_url,
            "EMBEDDING_MODEL": str(model),
            "EMBEDDING_DIMENSIONS": str(DIMENSIONS.get(str(model))),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "api_service.ingestion", book],
            cwd=self._folder,
            env={**self.environment, **(embedder if model else {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    async def ingest(self, book: Path, model: str | None) -> None:
        with self.start(book, model) as process:
            _, complained = await asyncio.to_thread(process.communicate, timeout=120)
        assert process.returncode == 0, complained


async def test_no_reader_meets_an_error_an_empty_book_or_two_editions_at_once(
    tmp_path: Path, openai: ScriptedOpenAI, qdrant_url: str | None
) -> None:
    command = Command(tmp_path, openai, qdrant_url)
    settings = make_settings(
        tmp_path / "data", openai=openai, qdrant_url=qdrant_url, llm_model="extractive:sentences"
    ).model_copy(update={"embedding_dimensions": DIMENSIONS["text-embedding-3-small"]})
    await command.ingest(write_edition(tmp_path, "first", 0), "text-embedding-3-small")

    async with reading(settings) as readers:
        await readers.until_all_read("first")
        # Every page changes each time, some go, some come, and the embedder is another.
        for place, (edition, model) in enumerate(
            [
                ("second", "text-embedding-3-large"),
                ("third", "text-embedding-3-small"),
                ("fourth", None),
            ],
            start=1,
        ):
            await command.ingest(write_edition(tmp_path, edition, place), model)
            await readers.until_all_read(edition)
        with command.start(write_edition(tmp_path, KILLED, 5), "text-embedding-3-small") as process:
            await asyncio.wait_for(openai.reached.wait(), 60)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        await command.ingest(write_edition(tmp_path, "fifth", 6), "text-embedding-3-small")
        await readers.until_all_read("fifth")

    assert readers.wrong == []
    assert frozenset().union(*readers.editions) == {"first", "second", "third", "fourth", "fifth"}
    assert readers.ways == {"hybrid", "bm25"}
    assert len(readers.editions) > 4 * READERS_A_SECOND


async def test_services_of_two_books_share_a_server(tmp_path: Path, openai: ScriptedOpenAI) -> None:
    with qdrant_server(tmp_path / "storage") as url:
        command = Command(tmp_path, openai, url)
        for book in ("arms", "legs"):
            command.environment["BOOK"] = book
            await command.ingest(write_edition(tmp_path, book, 0), None)
        settings = make_settings(tmp_path / "data", qdrant_url=url)
        async with (
            reading(settings.model_copy(update={"book": "arms"})) as of_arms,
            reading(settings.model_copy(update={"book": "legs"})) as of_legs,
        ):
            await of_arms.until_all_read("arms")
            await of_legs.until_all_read("legs")
            await command.ingest(write_edition(tmp_path, "legs2", 3), None)
            await of_legs.until_all_read("legs2")
        assert of_arms.wrong == of_legs.wrong == []
        assert set(of_arms.editions) == {frozenset({"arms"})}
        assert set(of_legs.editions) == {frozenset({"legs"}), frozenset({"legs2"})}


async def test_a_service_without_a_book_of_this_name_says_so(
    tmp_path: Path, openai: ScriptedOpenAI
) -> None:
    await Command(tmp_path, openai, None).ingest(write_edition(tmp_path, "first", 0), None)
    settings = make_settings(tmp_path / "data").model_copy(update={"book": "another"})
    async with running_service(settings) as http:
        reply = await http.get("/v1/search", params={"q": "gripper"})
    assert (reply.status_code, reply.json()["type"]) == (503, "/problems/book-missing")


async def test_a_service_whose_embedder_is_not_the_books_says_so_at_start_with_what_helps(
    tmp_path: Path, openai: ScriptedOpenAI
) -> None:
    book = write_edition(tmp_path, "first", 0)
    await Command(tmp_path, openai, None).ingest(book, "text-embedding-3-small")
    for model, said in (("text-embedding-3-small", False), ("text-embedding-3-large", True)):
        settings = make_settings(tmp_path / "data", openai=openai).model_copy(
            update={"embedding_model": model, "embedding_dimensions": DIMENSIONS[model]}
        )
        with capture_logs() as lines:
            async with running_service(settings) as http:
                reply = await http.get("/v1/search", params={"q": "gripper"})
                # Nobody waits for what is said in the log.
                told: list[MutableMapping[str, Any]] = []
                until = time.monotonic() + (20 if said else 0.5)
                while not told and time.monotonic() < until:
                    await asyncio.sleep(0.05)
                    told = [line for line in lines if line["event"] == "vectors_not_comparable"]
        assert reply.json()["retrieval"] == ("bm25" if said else "hybrid")
        assert bool(told) == said
        assert all("make ingest" in line["cure"] for line in told)


async def test_nobody_waits_at_start_for_a_server_that_is_silent(
    tmp_path: Path, openai: ScriptedOpenAI
) -> None:
    waiting = 0

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        waiting += 1
        while await reader.read(65536):
            pass
        waiting -= 1
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as silent:
        url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        settings = make_settings(tmp_path / "data", qdrant_url=url, openai=openai)
        async with running_service(settings) as http:
            reply = await http.get("/health")
            assert (reply.status_code, waiting) == (200, 1)


async def test_a_server_that_is_away_is_an_error_and_no_empty_book(
    tmp_path: Path, openai: ScriptedOpenAI
) -> None:
    settings = make_settings(
        tmp_path / "data", qdrant_url=f"http://127.0.0.1:{free_port()}", openai=openai
    )
    async with running_service(settings) as http:
        reply = await http.get("/v1/search", params={"q": "gripper"})
    assert (reply.status_code, reply.json()["type"]) == (503, "/problems/index-unavailable")
