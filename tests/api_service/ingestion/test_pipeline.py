from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_service import embedders
from api_service.documents import Chunk, Document, Section
from api_service.embedders import Embedder
from api_service.embedders.bm25 import query_terms
from api_service.ingestion.loaders import Book, BrokenPage
from api_service.ingestion.pipeline import BATCH_BYTES, BATCH_CHUNKS, Summary, batches, ingest
from api_service.problems import ModelUnavailable
from api_service.settings import BookSettings
from api_service.vector_index import Embedding, VectorIndex
from api_service.vector_index.embedded import EmbeddedIndex
from tests.api_service.ingestion.embeddings import DIMENSIONS, Embeddings, embeddings_model
from tests.api_service.scripted_openai import vector_of


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


def make_page(name: str, *texts: str) -> Document:
    # Each has an empty section below it: tiny ones without would share a chunk.
    sections = tuple(
        section
        for place, text in enumerate(texts)
        for section in (
            Section((name, f"Part {place}"), f"part-{place}", text),
            Section((name, f"Part {place}", "Below"), f"below-{place}", ""),
        )
    )
    return Document(name, f"{name}.md", name, f"http://localhost:3000/docs/{name}", sections)


def make_book(*pages: Document, broken: tuple[str, ...] = ()) -> Book:
    return Book(
        pages, tuple(BrokenPage(path, 2, "Its front matter is no YAML.") for path in broken)
    )


async def run(
    book: Book, index: VectorIndex, embedder: Embedder | None = None
) -> tuple[Summary, list[tuple[int, int]]]:
    steps: list[tuple[int, int]] = []
    summary = await ingest(
        book,
        index=index,
        embedder=embedder,
        progress=lambda done, total: steps.append((done, total)),
    )
    return summary, steps


async def texts_found(index: VectorIndex, question: str) -> list[str]:
    found = await index.search(query_terms(question), None, 10)
    return [scored.chunk.text for scored in found.chunks]


async def test_a_book_is_written_once(
    index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    book = make_book(make_page("arms", "grippers", "joints"), make_page("eyes", "cameras"))
    first, steps = await run(book, index, embedder)
    assert first == Summary(pages=2, chunks=3, written=3, removed=0, unchanged=0, broken=())
    assert steps == [(3, 3)]
    assert len(vendor.texts) == 3
    second, steps = await run(book, index, embedder)
    assert second == Summary(pages=2, chunks=3, written=0, removed=0, unchanged=3, broken=())
    assert not second.changed_something
    assert steps == []
    assert len(vendor.texts) == 3


async def test_another_language_has_every_chunk_written_again(index: VectorIndex) -> None:
    book = make_book(make_page("arms", "Die Greifer.", "Die Gelenke."))
    await run(book, index)
    for written in (2, 0):
        summary = await ingest(
            book, index=index, embedder=None, progress=lambda _done, _total: None, language="german"
        )
        assert summary.written == written
    found = await index.search(query_terms("Greifern", "german"), None, 10)
    assert [scored.chunk.text for scored in found.chunks] == ["Die Greifer."]


async def test_of_an_edited_page_only_the_changed_chunks_are_written(
    index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    await run(make_book(make_page("arms", "grippers", "joints")), index, embedder)
    vendor.texts.clear()
    edited = make_book(make_page("arms", "grippers", "elbows"))
    summary, _ = await run(edited, index, embedder)
    assert (summary.written, summary.removed, summary.unchanged) == (1, 0, 1)
    assert vendor.texts == ["arms > Part 1\nelbows"]
    assert await texts_found(index, "joints") == []
    assert await texts_found(index, "elbows") == ["elbows"]


async def test_a_page_and_a_section_that_are_gone_are_removed(index: VectorIndex) -> None:
    await run(make_book(make_page("arms", "grippers", "joints"), make_page("eyes", "x")), index)
    summary, _ = await run(make_book(make_page("arms", "grippers")), index)
    assert (summary.written, summary.removed) == (0, 2)
    assert summary.changed_something
    assert await index.count() == 1


async def test_a_page_that_cannot_be_read_keeps_what_was_stored_of_it(index: VectorIndex) -> None:
    await run(make_book(make_page("arms", "grippers"), make_page("eyes", "cameras")), index)
    summary, _ = await run(make_book(make_page("ears", "sound"), broken=("eyes.md",)), index)
    assert (summary.written, summary.removed) == (1, 1)
    assert [page.path for page in summary.broken] == ["eyes.md"]
    assert await texts_found(index, "cameras") == ["cameras"]
    assert await texts_found(index, "grippers") == []


async def test_a_new_address_of_the_book_changes_every_link(index: VectorIndex) -> None:
    page = make_page("arms", "grippers")
    await run(make_book(page), index)
    moved = Document(page.id, page.path, page.title, "https://book.example/arms", page.sections)
    summary, _ = await run(make_book(moved), index)
    assert summary.written == 1
    found = await index.search(query_terms("grippers"), None, 1)
    assert found.chunks[0].chunk.url == "https://book.example/arms"


async def test_vectors_come_with_an_embedder_and_change_with_it(
    index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    book = make_book(make_page("arms", "grippers"))
    assert (await run(book, index))[0].written == 1
    assert (await run(book, index, embedder))[0].written == 1
    asked = tuple(vector_of("arms > Part 0\ngrippers", DIMENSIONS))
    found = await index.search(query_terms("what"), Embedding("openai:small", asked), 1)
    assert found.retrieval == "dense"
    assert found.chunks[0].score == pytest.approx(1.0)
    large = _embedder(vendor, "large")
    assert (await run(book, index, large))[0].written == 1
    await large.close()
    found = await index.search(query_terms("grippers"), Embedding("openai:small", asked), 1)
    assert found.retrieval == "bm25"


async def test_after_a_failing_embedder_the_next_run_does_what_is_left(
    index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    await run(make_book(make_page("old", "wheels")), index, embedder)
    vendor.texts.clear()
    vendor.requests, vendor.fail_after = 0, 2
    parts = [f"part {place}" for place in range(4 * BATCH_CHUNKS)]
    book = make_book(make_page("arms", *parts))
    with pytest.raises(ModelUnavailable):
        await run(book, index, embedder)
    stored = await index.count()
    assert stored - 1 in (BATCH_CHUNKS, 2 * BATCH_CHUNKS)
    assert await texts_found(index, "wheels") == ["wheels"]
    vendor.fail_after = None
    summary, steps = await run(book, index, embedder)
    assert summary.written == 4 * BATCH_CHUNKS - (stored - 1)
    assert summary.removed == 1
    assert steps[-1] == (summary.written, summary.written)
    assert await index.count() == 4 * BATCH_CHUNKS


async def test_batches_are_embedded_a_few_at_once(
    index: VectorIndex, embedder: Embedder, vendor: Embeddings
) -> None:
    vendor.seconds = 0.1
    await run(make_book(make_page("arms", *["part"] * 10 * BATCH_CHUNKS)), index, embedder)
    assert vendor.requests == 10
    assert 1 < vendor.most_at_once <= 3


def test_batches_keep_every_chunk_in_order_and_within_both_bounds() -> None:
    lengths = [10] * 150 + [BATCH_BYTES // 3] * 7 + [2 * BATCH_BYTES, 10]
    chunks = [
        (Chunk("d", "d.md", "D", (), "u", "", "ä" * (length // 2), place), str(place))
        for place, length in enumerate(lengths)
    ]
    cut = list(batches(chunks))
    assert [each for batch in cut for each in batch] == chunks
    for batch in cut:
        size = sum(len(chunk.searchable.encode()) for chunk, _ in batch)
        assert len(batch) <= BATCH_CHUNKS
        assert size <= BATCH_BYTES or len(batch) == 1
    assert list(batches([])) == []
