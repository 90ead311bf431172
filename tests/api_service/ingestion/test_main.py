"""The command, as its user runs it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from api_service.embedders.bm25 import query_terms
from api_service.ingestion.handover import serve_handover, socket_path
from api_service.ingestion.writing import BATCH_CHUNKS
from api_service.settings import BookSettings
from api_service.vector_index import COLLECTION, VectorIndex
from api_service.vector_index.opening import open_index
from tests.api_service.ingestion.embeddings import DIMENSIONS, Embeddings, embeddings_model
from tests.loopback import free_port

ROOT = Path(__file__).parents[3]
EXAMPLE_BOOK = ROOT / "examples/book"


@pytest.fixture(params=["embedded", "server", "service"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator["Place"]:
    """Where an ingestion may find the index: free, on a server, or held by the service."""
    if request.param == "server":
        url = request.getfixturevalue("server_url")
        async with httpx.AsyncClient(base_url=url) as client:
            await client.delete(f"/collections/{COLLECTION}")
        yield Place(tmp_path, {"QDRANT_URL": url})
    elif request.param == "embedded":
        yield Place(tmp_path, {})
    else:
        async with listening_service(tmp_path) as index:
            yield Place(tmp_path, {}, index)


@pytest.fixture
async def vendor() -> AsyncIterator[Embeddings]:
    async with embeddings_model() as model:
        yield model


class Place:
    """A data folder, the environment of the command, and the service's index if there is one."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], index: VectorIndex | None = None
    ) -> None:
        self.folder = folder
        self.environment = {"DATA_DIR": str(folder / "data"), **environment}
        self._index = index

    @asynccontextmanager
    async def index(self) -> AsyncIterator[VectorIndex]:
        """Give the index as the service sees it."""
        if self._index:
            yield self._index
            return
        index = await open_index(
            BookSettings(
                data_dir=self.folder / "data", qdrant_url=self.environment.get("QDRANT_URL")
            )
        )
        yield index
        await index.close()

    async def finds(self, question: str) -> list[str]:
        async with self.index() as index:
            found = await index.search(query_terms(question), None, 10)
        return [scored.chunk.text for scored in found.chunks]


@asynccontextmanager
async def listening_service(folder: Path) -> AsyncIterator[VectorIndex]:
    settings = BookSettings(data_dir=folder / "data")
    index = await open_index(settings)
    async with serve_handover(index, socket_path(settings)):
        yield index
    await index.close()


def using(vendor: Embeddings) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": vendor.url,
        "EMBEDDING_DIMENSIONS": str(DIMENSIONS),
    }


def start(folder: Path, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
    """Start the command in a folder without `.env`, with nothing of this process's settings."""
    return start_before(subprocess.PIPE, folder, *arguments, **environment)


def start_before(
    stderr: int, folder: Path, *arguments: object, **environment: str
) -> "subprocess.Popen[str]":
    """Start the command, its complaints and its progress going to stderr."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG")
    settings = {
        name: value
        for name, value in os.environ.items()
        if name in kept or name.startswith("COVERAGE")
    }
    return subprocess.Popen(
        [sys.executable, "-m", "api_service.ingestion", *map(str, arguments)],
        cwd=folder,
        env={**settings, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


async def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for the end, while the service of this test goes on; give status, stdout, stderr."""
    said, complained = await asyncio.to_thread(process.communicate, timeout=60)
    assert "Traceback" not in (complained or "")
    return process.returncode, said, complained


async def ingest(folder: Path, *arguments: object, **environment: str) -> tuple[int, str, str]:
    with start(folder, *arguments, **environment) as process:
        return await finished(process)


def make_book(folder: Path, **pages: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


async def test_the_life_of_a_book(place: Place, tmp_path: Path) -> None:
    book = make_book(
        tmp_path / "book",
        arms="# Arms\n\nGrippers hold.\n\n## Joints\n\nElbows bend.\n",
        eyes="# Eyes\n\nCameras see.\n",
        ears="# Ears\n\nMicrophones hear.\n",
    )
    environment = place.environment

    status, said, _ = await ingest(tmp_path, book, **environment)
    assert status == 0
    assert "4 chunks" in said
    assert "Written 4, removed 0, unchanged 0." in said
    assert await place.finds("cameras") == ["Cameras see."]

    status, said, _ = await ingest(tmp_path, book, **environment)
    assert (status, "Written 0, removed 0, unchanged 4." in said) == (0, True)

    make_book(book, arms="# Arms\n\nGrippers hold.\n\n## Joints\n\nKnees bend.\n")
    status, said, _ = await ingest(tmp_path, book, **environment)
    assert (status, "Written 1, removed 0, unchanged 3." in said) == (0, True)
    assert await place.finds("elbows") == []

    (book / "ears.md").unlink()
    status, said, _ = await ingest(tmp_path, book, **environment)
    assert (status, "Written 0, removed 1, unchanged 3." in said) == (0, True)
    assert await place.finds("microphones") == []

    make_book(book, eyes="---\ntitle: [\n---\n\n# Eyes\n", legs="# Legs\n\nFeet walk.\n")
    status, said, complained = await ingest(tmp_path, book, **environment)
    assert (status, "Written 1, removed 0, unchanged 2." in said) == (1, True)
    assert "eyes.md" in complained
    assert await place.finds("feet") == ["Feet walk."]
    assert await place.finds("cameras") == ["Cameras see."]

    status, said, _ = await ingest(tmp_path, "--if-empty", book, **environment)
    assert (status, "already holds 4 chunks" in said) == (0, True)


async def test_a_command_killed_half_way_is_finished_by_the_next(
    place: Place, tmp_path: Path, vendor: Embeddings
) -> None:
    pages = {f"page{number}": f"# Page\n\nText {number}.\n" for number in range(3 * BATCH_CHUNKS)}
    book = make_book(tmp_path / "book", **pages)
    environment = {**place.environment, **using(vendor)}
    vendor.stall_after = 2
    with start(tmp_path, book, **environment) as process:
        await asyncio.wait_for(vendor.stalled.wait(), 30)
        process.send_signal(signal.SIGKILL)
    vendor.stall_after = None
    status, said, _ = await ingest(tmp_path, book, **environment)
    assert status == 0
    assert f"{3 * BATCH_CHUNKS} chunks" in said
    async with place.index() as index:
        assert await index.count() == 3 * BATCH_CHUNKS
    status, said, _ = await ingest(tmp_path, book, **environment)
    assert (status, "Written 0" in said) == (0, True)


async def test_the_example_book_is_answered_from(tmp_path: Path) -> None:
    place = Place(tmp_path, {"BOOK_BASE_URL": "https://book.example/docs"})
    status, _, complained = await ingest(tmp_path, EXAMPLE_BOOK, **place.environment)
    assert (status, "pages read" in complained) == (0, True)
    async with place.index() as index:
        found = await index.search(query_terms("vision-language-action model"), None, 3)
    assert all(scored.chunk.url.startswith("https://book.example/docs/") for scored in found.chunks)
    assert "vision-language-action" in found.chunks[0].chunk.searchable.lower()


async def test_a_site_is_ingested_where_it_says_and_what_it_hides_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path, {})
    site = make_book(tmp_path / "site", README="# Not a page\n")
    docs = make_book(site / "docs", arms="# Arms\n\nGrippers hold.\n")
    (site / "docusaurus.config.js").write_text(
        "module.exports = {\n  baseUrl: '/lib/',\n  trailingSlash: slashes(),\n};\n"
    )
    status, said, complained = await ingest(tmp_path, site, **place.environment)
    assert status == 0
    assert "1 page in 1 chunk" in said
    named, amiss, *_ = complained.splitlines()
    told = "docusaurus.config.js: the pages in {} are read at http://localhost:3000/lib/docs"
    assert named == told.format(docs)
    assert amiss.startswith("docusaurus.config.js, line 3: Only running the configuration tells")
    async with place.index() as index:
        found = await index.search(query_terms("grippers"), None, 3)
    assert [hit.chunk.url for hit in found.chunks] == ["http://localhost:3000/lib/docs/arms"]


async def test_a_second_command_at_the_same_time_is_told_to_wait(
    tmp_path: Path, vendor: Embeddings
) -> None:
    book = make_book(tmp_path / "book", arms="# Arms\n\nGrippers hold.\n")
    environment = {"DATA_DIR": str(tmp_path / "data"), **using(vendor)}
    vendor.stall_after = 0
    with start(tmp_path, book, **environment) as first:
        await asyncio.wait_for(vendor.stalled.wait(), 30)
        status, said, complained = await ingest(tmp_path, book, **environment)
        assert (status, said) == (1, "")
        assert "Wait until that one has ended" in complained
        vendor.go_on.set()
        assert (await finished(first))[0] == 0


async def test_an_embedder_that_fails_is_named_without_its_key(
    tmp_path: Path, vendor: Embeddings
) -> None:
    book = make_book(tmp_path / "book", arms="# Arms\n\nGrippers hold.\n")
    vendor.fail_after = 0
    status, said, complained = await ingest(
        tmp_path, book, DATA_DIR=str(tmp_path / "data"), **using(vendor)
    )
    assert (status, said) == (1, "")
    assert "openai:text-embedding-3-small failed: it refuses the key." in complained
    assert "sk-test" not in complained
    assert "vendor-internal-words" not in complained


async def test_an_index_that_is_away_is_named(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book", arms="# Arms\n\nGrippers hold.\n")
    url = f"http://user:secret@127.0.0.1:{free_port()}"
    status, said, complained = await ingest(tmp_path, book, QDRANT_URL=url)
    assert (status, said) == (1, "")
    assert "does not answer. QDRANT_URL names 127.0.0.1." in complained
    assert "secret" not in complained


@pytest.mark.parametrize(
    ("source", "sentence"), [("missing", "does not exist"), ("empty", "holds no page")]
)
async def test_a_source_without_a_book_changes_nothing(
    tmp_path: Path, source: str, sentence: str
) -> None:
    environment = {"DATA_DIR": str(tmp_path / "data")}
    book = make_book(tmp_path / "book", arms="# Arms\n\nGrippers hold.\n")
    assert (await ingest(tmp_path, book, **environment))[0] == 0
    (tmp_path / "empty").mkdir()
    status, said, complained = await ingest(tmp_path, tmp_path / source, **environment)
    assert (status, said) == (1, "")
    assert sentence in complained
    assert await Place(tmp_path, {}).finds("grippers") == ["Grippers hold."]


async def test_a_source_left_empty_is_not_the_working_directory(tmp_path: Path) -> None:
    make_book(tmp_path, arms="# Arms\n\nGrippers hold.\n")
    status, said, complained = await ingest(tmp_path, "", DATA_DIR=str(tmp_path / "data"))
    assert (status, said) == (2, "")
    assert "name the book's folder (make ingest SOURCE=folder)" in complained


async def test_a_source_may_begin_with_the_home_folder_and_hold_spaces(tmp_path: Path) -> None:
    make_book(tmp_path / "my book", arms="# Arms\n\nGrippers hold.\n")
    environment = {"DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}
    status, said, complained = await ingest(tmp_path, "~/my book", **environment)
    assert status == 0, complained
    assert "1 page" in said


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"QDRANT_URL": "qdrant"}, "QDRANT_URL is no address"),
        ({"EMBEDDING_MODEL": "unheard:of"}, "EMBEDDING_MODEL names the vendor 'unheard'"),
    ],
)
async def test_bad_settings_are_named_with_status_2(
    tmp_path: Path, environment: dict[str, str], sentence: str
) -> None:
    status, said, complained = await ingest(tmp_path, tmp_path, **environment)
    assert (status, said) == (2, "")
    assert sentence in complained


async def test_an_interrupted_command_says_what_to_do(tmp_path: Path, vendor: Embeddings) -> None:
    book = make_book(tmp_path / "book", arms="# Arms\n\nGrippers hold.\n")
    vendor.stall_after = 0
    with start(tmp_path, book, DATA_DIR=str(tmp_path / "data"), **using(vendor)) as process:
        await asyncio.wait_for(vendor.stalled.wait(), 30)
        process.send_signal(signal.SIGINT)
        status, _, complained = await finished(process)
    assert (status, "run this again" in complained) == (130, True)


def read_to_the_end(terminal: int) -> str:
    read = bytearray()
    with suppress(OSError):  # Linux' way to say that the other end is closed
        while piece := os.read(terminal, 4096):
            read += piece
    return read.decode()


async def test_on_a_terminal_a_bar_shows_how_far_it_is(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book", arms="# Arms\n\nGrippers hold.\n")
    terminal, end = os.openpty()
    environment = {"DATA_DIR": str(tmp_path / "data"), "TERM": "xterm"}
    with start_before(end, tmp_path, book, **environment) as process:
        os.close(end)
        shown = await asyncio.to_thread(read_to_the_end, terminal)
        status, said, _ = await finished(process)
    os.close(terminal)
    assert (status, "Written 1" in said) == (0, True)
    assert "ingesting pages" in shown
    assert "1/1" in shown
