import asyncio
import gc
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from api_service import embedders
from api_service.documents import Chunk
from api_service.embedders import Embedder
from api_service.embedders.bm25 import query_terms
from api_service.embedders.cache import CachedEmbedder
from api_service.ingestion.loaders import NoPages
from api_service.ingestion.pipeline import MuchIsGone, Source, Summary, ingest
from api_service.ingestion.reading import ReadChunk, as_read
from api_service.ingestion.writing import (
    BATCH_CHUNKS,
    BATCH_TOKENS,
    PLAIN_BATCH_BYTES,
    PLAIN_BATCH_CHUNKS,
    batches,
    write_chunks,
)
from api_service.local_database import open_database
from api_service.problems import ModelUnavailable
from api_service.settings import BookSettings
from api_service.vector_index import Embedding, VectorIndex
from api_service.vector_index.embedded import EmbeddedIndex
from tests.api_service.ingestion.embeddings import DIMENSIONS, Embeddings, embeddings_model
from tests.api_service.scripted_openai import vector_of
from tests.api_service.vector_index.chunks import all_stored, make_stored


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[VectorIndex]:
    opened = await EmbeddedIndex.open(tmp_path / "index")
    yield opened
    await opened.close()


@pytest.fixture
async def vendor() -> AsyncIterator[Embeddings]:
    async with embeddings_model() as model:
        yield model


@pytest.fixture
async def embedder(vendor: Embeddings) -> AsyncIterator[Embedder]:
    opened = _embedder(vendor, "small")
    yield opened
    await opened.close()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "docs", "http://localhost:3000/docs", data_dir=tmp_path / "data")


def _embedder(vendor: Embeddings, model: str) -> Embedder:
    settings = BookSettings(
        openai_api_key="sk-test",
        openai_base_url=vendor.url,
        embedding_model=model,
        embedding_dimensions=DIMENSIONS,
    )
    chosen = embedders.choose(settings)
    assert chosen
    return chosen


def write(source: Source, **pages: Sequence[str] | None) -> None:
    """Write pages of one chunk for each text, or remove them."""
    source.folder.mkdir(exist_ok=True)
    for name, texts in pages.items():
        file = source.folder / f"{name}.md"
        if texts is None:
            file.unlink()
            continue
        # Each part has an empty section below it: tiny ones without would share a chunk.
        parts = (f"## Part {n}\n\n{text}\n\n### Below\n" for n, text in enumerate(texts))
        file.write_text("\n".join((f"# {name}\n", *parts)), encoding="utf-8")


async def run(
    source: Source, index: VectorIndex, embedder: Embedder | None = None
) -> tuple[Summary, list[tuple[int, int]]]:
    steps: list[tuple[int, int]] = []
    remarks: list[str] = []
    summary = await ingest(
        source,
        index=index,
        embedder=embedder,
        progress=lambda done, total: steps.append((done, total)),
        remark=remarks.append,
    )
    assert remarks == []
    return summary, steps


def counts(summary: Summary) -> tuple[int, int, int]:
    return summary.written, summary.removed, summary.unchanged


async def texts_found(index: VectorIndex, question: str) -> list[str]:
    found = await index.search(query_terms(question), None, 10)
    return [scored.chunk.text for scored in found.chunks]


async def test_a_book_is_written_once(
    source: Source, index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    write(source, arms=["grippers", "joints"], eyes=["cameras"])
    first, steps = await run(source, index, embedder)
    assert (first.pages, first.read, first.chunks, counts(first)) == (2, 2, 3, (3, 0, 0))
    assert steps[-1] == (2, 2)
    assert len(vendor.texts) == 3
    assert first.tokens > 0
    assert sum(first.peak_memory.values()) > 10_000_000
    second, steps = await run(source, index, embedder)
    assert (second.pages, second.read, second.chunks, counts(second)) == (2, 0, 3, (0, 0, 3))
    assert (second.written, second.removed) == (0, 0)
    assert steps == []
    assert len(vendor.texts) == 3
    assert second.tokens == 0


async def test_another_language_has_every_chunk_written_again(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["Die Greifer.", "Die Gelenke."])
    await run(source, index)
    for written in (2, 0):
        summary, _ = await run(replace(source, language="german"), index)
        assert summary.written == written
    found = await index.search(query_terms("Greifern", "german"), None, 10)
    assert [scored.chunk.text for scored in found.chunks] == ["Die Greifer."]


async def test_of_an_edited_page_only_the_changed_chunks_are_written(
    source: Source, index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    write(source, arms=["grippers", "joints"], eyes=["cameras"])
    await run(source, index, embedder)
    vendor.texts.clear()
    write(source, arms=["grippers", "elbows"])
    summary, _ = await run(source, index, embedder)
    assert (summary.read, counts(summary)) == (1, (1, 0, 2))
    assert vendor.texts == ["arms > Part 1\nelbows"]
    assert await texts_found(index, "joints") == []
    assert await texts_found(index, "elbows") == ["elbows"]


async def test_a_page_and_a_section_that_are_gone_are_removed(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers", "joints"], eyes=["x"])
    await run(source, index)
    write(source, arms=["grippers"], eyes=None)
    summary, _ = await run(source, index)
    assert counts(summary) == (0, 2, 1)
    assert await index.count() == 1


async def test_a_page_that_is_no_longer_published_is_removed(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers"], eyes=["x"])
    await run(source, index)
    (source.folder / "eyes.md").write_text("---\ndraft: true\n---\n# eyes\n", encoding="utf-8")
    for removed in (1, 0):
        summary, _ = await run(source, index)
        assert (summary.pages, counts(summary)) == (1, (0, removed, 1))


async def test_a_page_that_cannot_be_read_keeps_what_was_stored_of_it(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers"], eyes=["cameras"])
    await run(source, index)
    write(source, arms=None, ears=["sound"])
    (source.folder / "eyes.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    summary, _ = await run(source, index)
    assert counts(summary) == (1, 1, 0)
    assert [page.path for page in summary.broken] == ["eyes.md"]
    assert await texts_found(index, "cameras") == ["cameras"]
    assert await texts_found(index, "grippers") == []


async def test_a_book_of_which_nothing_is_published_changes_nothing(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers"])
    await run(source, index)
    (source.folder / "arms.md").write_text("---\ndraft: true\n---\n", encoding="utf-8")
    with pytest.raises(NoPages, match="holds no page"):
        await run(source, index)
    assert await index.count() == 1


async def test_a_new_address_of_the_book_changes_every_link(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers"])
    await run(source, index)
    moved = replace(source, base_url="https://book.example")
    summary, _ = await run(moved, index)
    assert summary.written == 1
    found = await index.search(query_terms("grippers"), None, 1)
    assert found.chunks[0].chunk.url == "https://book.example/arms"


async def test_a_page_is_read_again_when_what_it_includes_or_links_to_changes(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["see [eyes](./eyes.md)"], eyes=["cameras"], legs=["feet"])
    (source.folder / "hands.md").write_text(
        "import P from './_p.md'\n\n# hands\n\n<P />\n", encoding="utf-8"
    )
    (source.folder / "_p.md").write_text("Fingers hold.\n", encoding="utf-8")
    await run(source, index)
    (source.folder / "_p.md").write_text("Thumbs hold.\n", encoding="utf-8")
    summary, _ = await run(source, index)
    assert (summary.read, counts(summary)) == (1, (1, 0, 3))
    assert await texts_found(index, "thumbs") == ["Thumbs hold."]
    (source.folder / "eyes.md").write_text("---\nslug: sight\n---\n# eyes\n\nx\n", "utf-8")
    summary, _ = await run(source, index)
    assert summary.read == 2
    (found,) = await texts_found(index, "see")
    assert found == "see [eyes](http://localhost:3000/docs/sight)"


async def test_pages_are_read_again_when_the_index_is_not_as_they_left_it(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers", "joints"], eyes=["cameras"])
    await run(source, index)
    stored = [id_ for id_, one in (await all_stored(index)).items() if one.path == "arms.md"]
    await index.remove(stored[:1])
    summary, _ = await run(source, index)
    assert (summary.read, counts(summary)) == (1, (1, 0, 2))


async def test_without_a_place_to_remember_pages_every_page_is_read(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers"])
    forgetful = replace(source, data_dir=None)
    for written in (1, 0):
        summary, _ = await run(forgetful, index)
        assert (summary.read, summary.written) == (1, written)


async def test_a_damaged_memory_of_pages_is_set_aside_and_said(
    source: Source, index: VectorIndex
) -> None:
    assert source.data_dir
    write(source, arms=["grippers"])
    await run(source, index)
    (source.data_dir / "pages.sqlite").write_bytes(b"no database, whatever its name says" * 100)
    remarks: list[str] = []
    summary = await ingest(
        source, index=index, embedder=None, progress=lambda *_: None, remark=remarks.append
    )
    assert (summary.read, counts(summary)) == (1, (0, 0, 1))
    assert len(remarks) == 1
    assert "is damaged" in remarks[0]
    assert (source.data_dir / "pages.sqlite.damaged").exists()


async def test_most_of_a_long_book_is_removed_only_where_that_is_said(
    source: Source, index: VectorIndex
) -> None:
    write(source, **{f"page{number}": [f"text {number}"] for number in range(30)})
    await run(source, index)
    write(source, **{f"page{number}": None for number in range(25)}, other=["new"])
    with pytest.raises(MuchIsGone, match=r"Of the 30 pages in the index 25 are not in .*--prune"):
        await run(source, index)
    assert await index.count() == 30
    summary, _ = await run(replace(source, prune=True), index)
    assert counts(summary) == (1, 25, 5)


async def test_a_small_book_is_replaced_without_a_question(
    source: Source, index: VectorIndex
) -> None:
    write(source, arms=["grippers"], eyes=["cameras"])
    await run(source, index)
    write(source, arms=None, eyes=None, ears=["sound"])
    summary, _ = await run(source, index)
    assert counts(summary) == (1, 2, 0)


async def test_a_dry_run_counts_and_changes_nothing(
    source: Source, index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    write(source, arms=["grippers"], eyes=["cameras"])
    await run(source, index)
    write(source, arms=["elbows"], eyes=None, ears=["sound"])
    dry = replace(source, dry_run=True)
    for _ in range(2):
        summary, _steps = await run(dry, index, embedder)
        assert counts(summary) == (2, 1, 0)
        assert summary.tokens > 0
    assert vendor.requests == 0
    assert await texts_found(index, "grippers") == ["grippers"]
    assert await texts_found(index, "sound") == []


async def test_a_page_that_moved_and_a_lost_index_cost_nothing_again(
    source: Source, vendor: Embeddings, tmp_path: Path
) -> None:
    def unheard(remark: str) -> None:
        raise AssertionError(remark)

    cached = CachedEmbedder(_embedder(vendor, "small"), tmp_path / "v.sqlite", 10**9, unheard)
    write(source, arms=["grippers", "joints"], eyes=["cameras"])
    for name in ("one", "two"):
        index = await EmbeddedIndex.open(tmp_path / name)
        await run(source, index, cached)
        assert len(vendor.texts) == 3
        (source.folder / "arms.md").rename(source.folder / f"arms{name}.md")
        dry, _ = await run(replace(source, dry_run=True), index, cached)
        assert (counts(dry), dry.tokens) == ((2, 2, 1), 0)
        summary, _ = await run(source, index, cached)
        assert (counts(summary), summary.tokens) == ((2, 2, 1), 0)
        assert len(vendor.texts) == 3
        (source.folder / f"arms{name}.md").rename(source.folder / "arms.md")
        await index.close()
    await cached.close()


async def test_vectors_come_with_an_embedder_and_change_with_it(
    source: Source, index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    write(source, arms=["grippers"])
    assert (await run(source, index))[0].written == 1
    assert (await run(source, index, embedder))[0].written == 1
    asked = tuple(vector_of("arms > Part 0\ngrippers", DIMENSIONS))
    found = await index.search(query_terms("what"), Embedding("openai:small", asked), 1)
    assert found.retrieval == "dense"
    assert found.chunks[0].score == pytest.approx(1.0)
    large = _embedder(vendor, "large")
    assert (await run(source, index, large))[0].written == 1
    await large.close()
    found = await index.search(query_terms("grippers"), Embedding("openai:small", asked), 1)
    assert found.retrieval == "bm25"


async def test_after_a_failing_embedder_the_next_run_does_what_is_left(
    source: Source, index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    write(source, old=["wheels"])
    await run(source, index, embedder)
    vendor.texts.clear()
    vendor.requests, vendor.fail_after = 0, 2
    write(source, old=None, arms=[f"part {place}" for place in range(4 * BATCH_CHUNKS)])
    with pytest.raises(ModelUnavailable):
        await run(source, index, embedder)
    # What the vendor answered is kept, though a request beside it was refused.
    assert await index.count() == 1 + 2 * BATCH_CHUNKS
    assert await texts_found(index, "wheels") == ["wheels"]
    vendor.fail_after = None
    summary, steps = await run(source, index, embedder)
    assert counts(summary) == (2 * BATCH_CHUNKS, 1, 2 * BATCH_CHUNKS)
    assert steps[-1] == (1, 1)
    assert await index.count() == 4 * BATCH_CHUNKS


async def test_batches_are_embedded_a_few_at_once(
    source: Source, index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    vendor.seconds = 0.1
    write(source, arms=["part"] * 6 * BATCH_CHUNKS)
    await run(replace(source, concurrency=3), index, embedder)
    assert vendor.requests == 6
    assert 1 < vendor.most_at_once <= 3


@pytest.mark.parametrize("is_embedded", [True, False])
async def test_batches_keep_every_chunk_in_order_and_within_both_bounds(
    vendor: Embeddings, *, is_embedded: bool
) -> None:
    embedder = _embedder(vendor, "small") if is_embedded else None
    most, bound = (
        (BATCH_CHUNKS, BATCH_TOKENS) if is_embedded else (PLAIN_BATCH_CHUNKS, PLAIN_BATCH_BYTES)
    )

    def size(one: ReadChunk) -> int:
        return one.tokens if is_embedded else len(one.chunk.text.encode())

    plain = as_read(
        Chunk("d", "d.md", "D", (), "u", "", "word", 0), "", "english", counted=is_embedded
    )
    long = "wo " * (bound // 3 if is_embedded else bound // 9)
    third = as_read(replace(plain.chunk, text=long), "", "english", counted=is_embedded)
    too_long = as_read(replace(plain.chunk, text=long * 4), "", "english", counted=is_embedded)
    chunks = [plain] * (most * 2 + 10) + [third] * 7 + [too_long, plain]
    chunks = [replace(one, fingerprint=str(place)) for place, one in enumerate(chunks)]

    async def stream() -> AsyncGenerator[ReadChunk]:
        for one in chunks:
            yield one

    async def nothing() -> AsyncGenerator[ReadChunk]:
        for one in chunks[:0]:
            yield one

    cut = [batch async for batch in batches(stream(), embedder)]
    assert [each.fingerprint for batch in cut for each in batch] == [c.fingerprint for c in chunks]
    for batch in cut:
        assert len(batch) <= most
        assert sum(map(size, batch)) <= bound or len(batch) == 1
    assert [batch async for batch in batches(nothing(), embedder)] == []
    if embedder:
        await embedder.close()


class _AwayEmbedder:
    """An embedder whose vendor never answers."""

    name = "away:model"
    dimensions = 3

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        raise ModelUnavailable(f"{len(texts)} texts went nowhere.")

    async def close(self) -> None:
        """Nothing is open."""


async def test_batches_that_fail_together_are_all_heard_of(index: VectorIndex) -> None:
    unheard: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    chunks = [(make_stored("Text", ordinal=n).chunk, "1") for n in range(BATCH_CHUNKS * 3 + 1)]
    try:
        with pytest.raises(ModelUnavailable):
            await write_chunks(chunks, index, _AwayEmbedder(), lambda _done, _total: None)
        gc.collect()
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert unheard == []


async def test_a_record_that_cannot_be_understood_has_its_page_read_again(
    source: Source, index: VectorIndex
) -> None:
    assert source.data_dir
    write(source, arms=["grippers"], sensors=["lidar"])
    await run(source, index)
    for spoilt in ("sources = '[1'", "sources = '[[1, 2, 3]]'", "flaws = '{}'", "chunks = 'few'"):
        with closing(sqlite3.connect(source.data_dir / "pages.sqlite")) as memory, memory:
            memory.execute(f"UPDATE pages SET {spoilt} WHERE path LIKE '%arms%'")  # noqa: S608
        summary, _ = await run(source, index)
        assert counts(summary)[:2] == (0, 0)


async def test_what_is_remembered_is_nobody_elses_to_read(
    source: Source, index: VectorIndex
) -> None:
    assert source.data_dir
    source.data_dir.mkdir(exist_ok=True)
    source.data_dir.chmod(0o755)
    write(source, arms=["grippers"])
    await run(source, index)
    memory = open_database(source.data_dir / "pages.sqlite", "", pytest.fail)
    assert memory
    with closing(memory):
        memory.execute("UPDATE pages SET chunks = chunks")
        modes = {
            file.name: file.stat().st_mode & 0o777 for file in source.data_dir.glob("*sqlite*")
        }
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
