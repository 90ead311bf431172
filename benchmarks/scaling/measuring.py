"""One size of library, written and searched by the product's own index, in a process of its own."""

import asyncio
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from api_service.settings import BookSettings
from api_service.vector_index import Embedding, IndexedChunk, SparseVector, VectorIndex
from api_service.vector_index.opening import open_index
from benchmarks.scaling.synthetic import Library

_BATCH = 256
_QUESTIONS = 100
_RESULTS = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """What one size costs.

    Attributes:
        chunks: How many were written.
        rate: Chunks written in a second of this process's CPU, which says the same on a busy
            machine; a server's own is not in it.
        terms_ms: Median of searches by terms.
        hybrid_ms: Median of searches by terms and meaning; None without vectors.
        copy_seconds: How long a copy for an ingestion takes to make.
        resident_mb: Peak memory of the process that wrote and searched, in 10^6 bytes.
        disk_mb: What the index occupies, in 10^6 bytes; None on a server.
    """

    chunks: int
    rate: float
    terms_ms: float
    hybrid_ms: float | None
    copy_seconds: float
    resident_mb: float
    disk_mb: float | None


async def measure(chunks: int, dimensions: int, qdrant_url: str | None) -> Measured:
    """Write a library into an empty index and search it.

    Args:
        chunks: Its size.
        dimensions: Length of its vectors; 0 for none.
        qdrant_url: A Qdrant server without an index; None for the embedded engine.
    """
    library = Library(chunks, dimensions)
    with TemporaryDirectory(prefix="scaling-") as folder:
        settings = BookSettings(
            data_dir=Path(folder),
            qdrant_url=qdrant_url,
            qdrant_collection=f"scaling-{chunks}" if qdrant_url else "textbook_chunks",
        )
        index = await open_index(settings)
        await index.prepare(dimensions or None)
        seconds = 0.0
        for batch in _batches(library.chunks()):
            start = time.process_time()
            await index.write(batch)
            seconds += time.process_time() - start
        questions = list(library.questions(_QUESTIONS))
        terms_ms = await _median_ms(index, [(terms, None) for terms, _ in questions])
        hybrid_ms = await _median_ms(index, questions) if dimensions else None
        start = time.perf_counter()
        copy = await index.copy()
        copy_seconds = time.perf_counter() - start
        await index.discard(copy)
        await index.close()
        disk = None if qdrant_url else _occupied(Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Measured(
        chunks=chunks,
        rate=chunks / seconds,
        terms_ms=terms_ms,
        hybrid_ms=hybrid_ms,
        copy_seconds=copy_seconds,
        resident_mb=peak / 1e6,
        disk_mb=None if disk is None else disk / 1e6,
    )


def measured_now(chunks: int, dimensions: int, qdrant_url: str | None) -> Measured:
    """Measure as `measure` does, without an event loop around it."""
    return asyncio.run(measure(chunks, dimensions, qdrant_url))


def _batches(chunks: Iterator[IndexedChunk]) -> Iterator[list[IndexedChunk]]:
    batch: list[IndexedChunk] = []
    for chunk in chunks:
        batch.append(chunk)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _median_ms(
    index: VectorIndex, questions: Sequence[tuple[SparseVector, Embedding | None]]
) -> float:
    times = []
    for terms, embedding in questions:
        start = time.perf_counter()
        await index.search(terms, embedding, _RESULTS)
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times)[len(times) // 2]


def _occupied(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
