"""Chunks embedded and written, in batches, a few at a time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from api_service.documents import Chunk
from api_service.embedders import Embedder
from api_service.embedders.cache import CachedEmbedder
from api_service.ingestion.reading import ReadChunk, as_read
from api_service.search_settings import DEFAULT_LANGUAGE, Language
from api_service.vector_index import Embedding, IndexedChunk, VectorIndex

BATCH_CHUNKS = 256
BATCH_TOKENS = 100_000
"""What is embedded in one request: a third of what OpenAI takes, so that a request that fails, or a
run that is killed, loses little."""

PLAIN_BATCH_CHUNKS = 1000
PLAIN_BATCH_BYTES = 4_000_000
"""What is written at once where nothing is embedded. The index makes sure of each batch on the
disk, which takes the longer, the smaller they are; a server takes requests of 32 MB."""


async def write_all(
    changed: AsyncGenerator[ReadChunk],
    index: VectorIndex,
    embedder: Embedder | None,
    concurrency: int,
    written: Callable[[int], None] = lambda _: None,
) -> int:
    """Embed and write chunks as they come, some batches at a time, and wait for those behind.

    When a batch fails no other is begun, but those under way are finished: what the embedder has
    been paid for is kept.

    Args:
        changed: The chunks; no more are taken than batches are under way.
        index: Where to.
        embedder: None to write them without embeddings.
        concurrency: The most batches under way.
        written: Told the chunks of each batch that is written.

    Returns:
        The tokens the embedder was asked for.

    Raises:
        IndexUnavailable: The index failed.
        ModelUnavailable: The embedder failed.
    """
    under_way: set[asyncio.Task[int]] = set()
    tokens = 0

    async def write(batch: list[ReadChunk]) -> int:
        indexed, asked = await _embedded(batch, embedder)
        await index.write(indexed)
        written(len(batch))
        return asked

    try:
        async with aclosing(batches(changed, embedder)) as cut:
            async for batch in cut:
                if len(under_way) == concurrency:
                    done, under_way = await asyncio.wait(
                        under_way, return_when=asyncio.FIRST_COMPLETED
                    )
                    # Gathered, since two may have failed, and the other is to be heard of, too.
                    tokens += sum(await asyncio.gather(*done))
                under_way.add(asyncio.create_task(write(batch)))
        tokens += sum(await asyncio.gather(*under_way))
    except BaseException as error:
        if not isinstance(error, Exception):  # interrupted: nothing is waited for
            for task in under_way:
                task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        raise
    return tokens


async def write_chunks(
    changed: Sequence[tuple[Chunk, str]],
    index: VectorIndex,
    embedder: Embedder | None,
    progress: Callable[[int, int], None],
    language: Language = DEFAULT_LANGUAGE,
) -> None:
    """Embed chunks and write them, each with its fingerprint.

    Raises:
        IndexUnavailable: The index failed.
        ModelUnavailable: The embedder failed; batches written before stay.
    """
    done = 0

    def written(chunks: int) -> None:
        nonlocal done
        done += chunks
        progress(done, len(changed))

    async def read() -> AsyncGenerator[ReadChunk]:
        for chunk, mark in changed:
            yield as_read(chunk, mark, language, counted=embedder is not None)

    await write_all(read(), index, embedder, concurrency=3, written=written)


async def batches(
    changed: AsyncGenerator[ReadChunk], embedder: Embedder | None
) -> AsyncGenerator[list[ReadChunk]]:
    """Yield chunks in batches as the embedder, or without one the index, likes them.

    A chunk that is longer than a batch comes alone.
    """
    most, bound = (
        (BATCH_CHUNKS, BATCH_TOKENS) if embedder else (PLAIN_BATCH_CHUNKS, PLAIN_BATCH_BYTES)
    )
    batch: list[ReadChunk] = []
    size = 0
    async with aclosing(changed):
        async for one in changed:
            length = one.tokens if embedder else len(one.chunk.text.encode())
            if batch and (len(batch) == most or size + length > bound):
                yield batch
                batch, size = [], 0
            batch.append(one)
            size += length
    if batch:
        yield batch


async def new_tokens(batch: Sequence[ReadChunk], embedder: Embedder | None) -> int:
    """Return the tokens of the chunks that the embedder would be asked for."""
    if embedder is None:
        return 0
    if not isinstance(embedder, CachedEmbedder):
        return sum(one.tokens for one in batch)
    missing = await embedder.are_missing([one.chunk.searchable for one in batch])
    return sum(one.tokens for one, asked in zip(batch, missing, strict=True) if asked)


async def _embedded(
    batch: Sequence[ReadChunk], embedder: Embedder | None
) -> tuple[list[IndexedChunk], int]:
    """Return what is stored of each chunk, and the tokens the embedder was asked for."""
    if embedder is None:
        return [IndexedChunk(one.chunk, one.fingerprint, one.terms, None) for one in batch], 0
    texts = [one.chunk.searchable for one in batch]
    if isinstance(embedder, CachedEmbedder):
        vectors, asked = await embedder.embed_noting(texts)
    else:
        vectors, asked = await embedder.embed(texts), [True] * len(texts)
    indexed = [
        IndexedChunk(one.chunk, one.fingerprint, one.terms, Embedding(embedder.name, tuple(vector)))
        for one, vector in zip(batch, vectors, strict=True)
    ]
    return indexed, sum(one.tokens for one, new in zip(batch, asked, strict=True) if new)
