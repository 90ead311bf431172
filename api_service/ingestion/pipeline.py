"""Makes the index hold what the book holds: no more, no less, and nothing written twice."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from api_service.documents import Chunk
from api_service.embedders import Embedder, bm25
from api_service.ingestion import chunking
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import Book, BrokenPage
from api_service.search_settings import DEFAULT_LANGUAGE, Language
from api_service.vector_index import Embedding, IndexedChunk, Made, VectorIndex

MAX_TOKENS = 400
"""Tokens in a chunk, unless a code block or a table alone is longer."""

BATCH_CHUNKS = 64
BATCH_BYTES = 200_000
"""Text in a batch, in UTF-8. A token is at least a byte, so that a batch stays below the 300,000
tokens that OpenAI embeds in one request, in whatever language the book is."""

_CONCURRENT_BATCHES = 3

Progress = Callable[[int, int], None]
"""Called with the chunks written so far, and those to be written in all."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What an ingestion did.

    Attributes:
        pages: Pages of the book that could be read.
        chunks: Chunks these pages make.
        written: Those that were new or changed.
        removed: Stored chunks that are no longer in the book.
        unchanged: Chunks that were stored already.
        broken: Pages that could not be read; what was stored of them before is still there.
    """

    pages: int
    chunks: int
    written: int
    removed: int
    unchanged: int
    broken: tuple[BrokenPage, ...]

    @property
    def changed_something(self) -> bool:
        """Whether the index is another one now."""
        return self.written > 0 or self.removed > 0


async def ingest(
    book: Book,
    *,
    index: VectorIndex,
    embedder: Embedder | None,
    progress: Progress,
    language: Language = DEFAULT_LANGUAGE,
) -> Summary:
    """Write the chunks that are new or changed, then remove those the book no longer has.

    Interrupted anywhere, it leaves an index that answers from what is there; run again, it does
    what is left. Removing comes last, so that no page is away while its new chunks are made.

    Raises:
        IndexRefused: The collection is not ours.
        IndexUnavailable: The index failed.
        ModelUnavailable: The embedder failed; batches written before stay.
    """
    await index.prepare(embedder.dimensions if embedder else None, made_by(embedder))
    stored = await index.stored()
    chunks = {
        chunk.id: chunk
        for document in book.documents
        for chunk in split(document, max_tokens=MAX_TOKENS, book=index.book)
    }
    fingerprints = {id_: fingerprint(chunk, embedder, language) for id_, chunk in chunks.items()}
    changed = [
        (chunk, fingerprints[id_])
        for id_, chunk in chunks.items()
        if id_ not in stored or stored[id_].fingerprint != fingerprints[id_]
    ]
    await write_chunks(changed, index, embedder, progress, language)
    unreadable = {page.path for page in book.broken}
    gone = [id_ for id_, old in stored.items() if id_ not in chunks and old.path not in unreadable]
    await index.remove(gone)
    return Summary(
        pages=len(book.documents),
        chunks=len(chunks),
        written=len(changed),
        removed=len(gone),
        unchanged=len(chunks) - len(changed),
        broken=book.broken,
    )


def made_by(embedder: Embedder | None, language: Language = DEFAULT_LANGUAGE) -> Made:
    """Return what an index made now is made by, to be noted beside it."""
    return {
        "chunker": f"{chunking.VERSION}:{MAX_TOKENS}",
        "terms": bm25.version(language),
        "embedder": embedder.name if embedder else None,
        "dimensions": embedder.dimensions if embedder else None,
    }


def fingerprint(
    chunk: Chunk, embedder: Embedder | None, language: Language = DEFAULT_LANGUAGE
) -> str:
    """Return a SHA-256, in hex, of everything that is stored for a chunk depends on."""
    terms = bm25.version(language)
    made_by = [terms, embedder.name, embedder.dimensions] if embedder else [terms]
    stored = asdict(replace(chunk, lines=None))
    text = json.dumps([stored, made_by], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def batches(changed: Iterable[tuple[Chunk, str]]) -> Iterator[list[tuple[Chunk, str]]]:
    """Cut into batches of at most BATCH_CHUNKS and BATCH_BYTES; a longer chunk comes alone."""
    batch: list[tuple[Chunk, str]] = []
    size = 0
    for chunk, mark in changed:
        length = len(chunk.searchable.encode())
        if batch and (len(batch) == BATCH_CHUNKS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((chunk, mark))
        size += length
    if batch:
        yield batch


async def write_chunks(
    changed: Sequence[tuple[Chunk, str]],
    index: VectorIndex,
    embedder: Embedder | None,
    progress: Progress,
    language: Language = DEFAULT_LANGUAGE,
) -> None:
    """Embed chunks and write them, each with its fingerprint, a few batches at a time.

    Raises:
        IndexUnavailable: The index failed.
        ModelUnavailable: The embedder failed; batches written before stay.
    """
    written = 0
    free = asyncio.Semaphore(_CONCURRENT_BATCHES)

    async def write(batch: list[tuple[Chunk, str]]) -> None:
        nonlocal written
        async with free:
            await index.write(await _indexed(batch, embedder, language))
        written += len(batch)
        progress(written, len(changed))

    try:
        async with asyncio.TaskGroup() as group:
            for batch in batches(changed):
                group.create_task(write(batch))
    except ExceptionGroup as failures:
        first = failures.exceptions[0]  # it cancelled the others
    else:
        return
    raise first


async def _indexed(
    batch: list[tuple[Chunk, str]], embedder: Embedder | None, language: Language
) -> list[IndexedChunk]:
    texts = [chunk.searchable for chunk, _ in batch]
    embeddings: list[Embedding | None] = [None] * len(batch)
    if embedder:
        vectors = await embedder.embed(texts)
        embeddings = [Embedding(embedder.name, tuple(vector)) for vector in vectors]
    return [
        IndexedChunk(chunk, mark, bm25.document_terms(text, language), embedding)
        for (chunk, mark), text, embedding in zip(batch, texts, embeddings, strict=True)
    ]
