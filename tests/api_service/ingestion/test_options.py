"""The command's options, as its user gives them."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from api_service.ingestion.writing import BATCH_CHUNKS
from tests.api_service.ingestion.embeddings import Embeddings, embeddings_model
from tests.api_service.ingestion.test_main import (
    Place,
    finished,
    ingest,
    listening_service,
    make_book,
    start,
    using,
)

ARMS = "# Arms\n\nGrippers hold.\n"
MEMBERS = {
    "status",
    "dry_run",
    "reason",
    "pages",
    "pages_read",
    "chunks",
    "written",
    "removed",
    "unchanged",
    "broken",
    "flaws",
    "embedder",
    "tokens",
    "cost_usd",
    "seconds",
    "chunks_per_second",
    "peak_memory_mb",
}


@pytest.fixture
async def vendor() -> AsyncIterator[Embeddings]:
    async with embeddings_model() as model:
        yield model


async def summary(folder: Path, *arguments: object, **environment: str) -> tuple[int, Any]:
    status, said, _ = await ingest(folder, "--json", *arguments, **environment)
    (line,) = said.splitlines()
    read = json.loads(line)
    assert set(read) == MEMBERS
    return status, read


async def test_the_summary_as_json_has_the_same_members_however_it_went(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path / "data")}
    book = make_book(tmp_path / "book", arms=ARMS, eyes="---\ntitle: [\n---\n", ears="<!-- x\n")
    status, done = await summary(tmp_path, book, **environment)
    assert (status, done["status"]) == (1, "broken-pages")
    assert [(page["path"], page["line"]) for page in done["broken"]] == [("eyes.md", 3)]
    assert [(flaw["path"], flaw["line"]) for flaw in done["flaws"]] == [("ears.md", 1)]
    assert done["peak_memory_mb"] > 10
    assert done["chunks_per_second"] > 0
    (book / "eyes.md").unlink()
    status, done = await summary(tmp_path, book, **environment)
    assert (status, done["status"], done["written"], done["pages_read"]) == (0, "ok", 0, 2)
    status, done = await summary(tmp_path, "--if-empty", book, **environment)
    assert (status, done["status"], done["pages"]) == (0, "skipped", None)
    status, done = await summary(tmp_path, tmp_path / "missing", **environment)
    assert (status, done["status"]) == (1, "failed")
    assert "does not exist" in done["reason"]


async def test_most_of_a_book_is_removed_with_prune_alone_and_status_3_says_so(
    tmp_path: Path,
) -> None:
    environment = {"DATA_DIR": str(tmp_path / "data")}
    book = make_book(tmp_path / "book", **{f"page{n}": f"# P\n\nText {n}.\n" for n in range(25)})
    assert (await ingest(tmp_path, book, **environment))[0] == 0
    wrong = make_book(tmp_path / "wrong", arms=ARMS)
    status, said, complained = await ingest(tmp_path, wrong, **environment)
    assert (status, said) == (3, "")
    assert "say so with --prune" in complained
    status, done = await summary(tmp_path, wrong, **environment)
    assert (status, done["status"]) == (3, "refused")
    status, done = await summary(tmp_path, "--prune", wrong, **environment)
    assert (status, done["written"], done["removed"]) == (0, 1, 25)


@pytest.mark.parametrize("with_service", [False, True])
async def test_a_dry_run_tells_what_would_be_and_what_it_would_cost(
    tmp_path: Path, vendor: Embeddings, *, with_service: bool
) -> None:
    book = make_book(tmp_path / "book", arms=ARMS)
    environment = {"DATA_DIR": str(tmp_path / "data"), **using(vendor), "EMBEDDING_PRICE": "500"}

    async def life(finds: Callable[[str], Awaitable[list[str]]]) -> None:
        status, said, _ = await ingest(tmp_path, "--dry-run", book, **environment)
        assert status == 0
        assert "To be written 1, to be removed 0, unchanged 0. Nothing was changed." in said
        assert "To be embedded: 8 tokens, about $0.0040 ($500 a million" in said
        assert vendor.requests == 0
        assert await finds("grippers") == []
        status, done = await summary(tmp_path, book, **environment)
        assert (status, done["written"], done["tokens"], done["cost_usd"]) == (0, 1, 8, 0.004)
        make_book(book, arms="# Arms\n\nElbows bend.\n")
        status, done = await summary(tmp_path, "--dry-run", book, **environment)
        assert (status, done["dry_run"], done["written"]) == (0, True, 1)
        assert await finds("grippers") == ["Grippers hold."]

    if with_service:
        async with listening_service(tmp_path) as index:
            await life(Place(tmp_path, {}, index).finds)
    else:
        await life(Place(tmp_path, {}).finds)


async def test_a_dry_run_before_the_first_makes_no_index(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book", arms=ARMS)
    status, done = await summary(tmp_path, "--dry-run", book, DATA_DIR=str(tmp_path / "data"))
    assert (status, done["written"]) == (0, 1)
    assert not (tmp_path / "data").exists()


async def test_without_a_price_the_tokens_are_told(tmp_path: Path, vendor: Embeddings) -> None:
    book = make_book(tmp_path / "book", arms=ARMS)
    environment = {"DATA_DIR": str(tmp_path / "data"), **using(vendor)}
    _, said, _ = await ingest(tmp_path, book, **environment)
    assert "Embedded: 8 tokens; set EMBEDDING_PRICE for an estimate of cost." in said


@pytest.mark.parametrize(("megabytes", "asked"), [("1024", 1), ("0", 2)])
async def test_a_book_ingested_anew_costs_nothing_where_vectors_are_kept(
    tmp_path: Path, vendor: Embeddings, megabytes: str, asked: int
) -> None:
    book = make_book(tmp_path / "book", arms=ARMS)
    data = tmp_path / "data"
    environment = {"DATA_DIR": str(data), "EMBEDDING_CACHE_MB": megabytes, **using(vendor)}
    assert (await ingest(tmp_path, book, **environment))[0] == 0
    assert (data / "embeddings.sqlite").exists() == (megabytes != "0")
    (data / "index").rename(tmp_path / "lost")
    status, done = await summary(tmp_path, book, **environment)
    assert (status, done["written"]) == (0, 1)
    assert len(vendor.texts) == asked


async def test_what_a_killed_run_has_paid_for_is_not_paid_again(
    tmp_path: Path, vendor: Embeddings
) -> None:
    parts = (f"## Part {n}\n\nText {n}.\n\n### Below\n" for n in range(3 * BATCH_CHUNKS))
    book = make_book(tmp_path / "book", arms="\n".join(parts))
    data = tmp_path / "data"
    environment = {"DATA_DIR": str(data), "EMBEDDING_CONCURRENCY": "1", **using(vendor)}
    vendor.stall_after = 2
    with start(tmp_path, book, **environment) as process:
        await asyncio.wait_for(vendor.stalled.wait(), 60)
        process.send_signal(signal.SIGKILL)
    assert len(vendor.texts) == 2 * BATCH_CHUNKS
    vendor.stall_after = None
    (data / "index").rename(tmp_path / "lost")
    status, done = await summary(tmp_path, book, **environment)
    assert (status, done["written"]) == (0, 3 * BATCH_CHUNKS)
    assert len(vendor.texts) == 3 * BATCH_CHUNKS
    assert len(set(vendor.texts)) == 3 * BATCH_CHUNKS


async def test_an_author_watching_sees_each_change_and_each_mistake(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book", arms=ARMS)
    data = {"DATA_DIR": str(book / ".data")}  # inside: what it writes itself is no change
    with start(tmp_path, "--watch", "--json", book, **data) as process:
        lines = process.stdout
        assert lines

        async def next_summary() -> dict[str, Any]:
            line = await asyncio.wait_for(asyncio.to_thread(lines.readline), 60)
            read: dict[str, Any] = json.loads(line)
            return read

        try:
            done = await next_summary()
            assert (done["status"], done["written"]) == ("ok", 1)
            make_book(book, eyes="# Eyes\n\nCameras see.\n")
            done = await next_summary()
            assert (done["written"], done["unchanged"]) == (1, 1)
            make_book(book, eyes="---\ntitle: [\n---\n")
            done = await next_summary()
            assert done["broken"][0]["path"] == "eyes.md"
            make_book(book, eyes="# Eyes\n\nCameras look.\n")
            done = await next_summary()
            assert (done["status"], done["written"], done["pages_read"]) == ("ok", 1, 1)
            (book / "arms.md").unlink()
            assert (await next_summary())["removed"] == 1
        finally:
            process.send_signal(signal.SIGINT)
        status, said, complained = await finished(process)
    assert (status, said) == (0, "")
    assert complained.endswith("Watching has ended.\n")
    assert "Watching " in complained


async def test_watching_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    status, said, complained = await ingest(
        tmp_path, "--watch", tmp_path / "missing", DATA_DIR=str(tmp_path / "data")
    )
    assert (status, said) == (1, "")
    assert "does not exist" in complained


async def test_options_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    status, _, complained = await ingest(tmp_path, "--watch", "--dry-run", tmp_path)
    assert status == 2
    assert "not allowed with" in complained


def test_help_says_what_each_status_means(tmp_path: Path) -> None:
    with start(tmp_path, "--help") as process:
        said, _ = process.communicate(timeout=60)
    assert "3 most of the stored book is not in the folder" in " ".join(said.split())
    assert process.returncode == 0


async def test_a_dry_run_does_not_say_that_anything_is_in(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book/good.md").write_text("# Good\n\nText.")
    (tmp_path / "book/bad.md").write_bytes(b"\xff")
    status, _, told = await ingest(tmp_path, "--dry-run", tmp_path / "book")

    assert status == 1
    assert told.endswith("and everything else would be in.\n")
