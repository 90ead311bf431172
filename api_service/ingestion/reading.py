"""Pages read and cut: in this process, or for a long book in several at once.

What is done here needs neither the index nor an embedder, only time: a page's chunks with their
fingerprints, their terms and, where they are to be embedded, their tokens.
"""

import asyncio
import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path, PurePosixPath
from typing import Protocol

from api_service.documents import Chunk
from api_service.embedders import bm25
from api_service.ingestion.chunking import split
from api_service.ingestion.ledger import digest
from api_service.ingestion.loaders import BrokenPage, load_page
from api_service.ingestion.loaders.files import noting_reads
from api_service.ingestion.loaders.sites import Site
from api_service.ingestion.memory import peak_memory
from api_service.ingestion.page_records import PageRecord, file_digest
from api_service.search_settings import DEFAULT_LANGUAGE, Language
from api_service.token_counts import count_tokens
from api_service.vector_index import SparseVector

_JOB_BYTES = 200_000
_JOB_PAGES = 50
_LONG_BOOK = 3_000_000  # bytes; below it processes take longer to start than they save
_MOST_PROCESSES = 4


class ReadersLost(Exception):
    """A process that read pages was ended from outside; the text is a sentence."""


class EmbeddedBy(Protocol):
    """What embeds chunks, as far as their fingerprints tell."""

    @property
    def name(self) -> str:
        """The "vendor:model"."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of each vector."""
        ...


@dataclass(frozen=True, slots=True)
class EmbedderName:
    """An embedder's name and length, which another process can be told."""

    name: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """A chunk with what is stored beside it, but for its embedding.

    Attributes:
        chunk: The chunk.
        fingerprint: Changes when anything stored for the chunk would change.
        terms: BM25 weights of its terms.
        tokens: Of what is embedded; 0 where nothing is.
    """

    chunk: Chunk
    fingerprint: str
    terms: SparseVector
    tokens: int


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page that was read.

    Attributes:
        chunks: In reading order.
        record: What is to be remembered of it.
    """

    chunks: tuple[ReadChunk, ...]
    record: PageRecord


@dataclass(frozen=True, slots=True)
class Reading:
    """How pages are read.

    Attributes:
        site: What the book's folder is part of.
        book: The book's name.
        max_tokens: The most a chunk may have.
        language: Whose stems and stop words the terms know.
        embedded_by: What will embed the chunks, or None.
    """

    site: Site
    book: str
    max_tokens: int
    language: Language
    embedded_by: EmbedderName | None


@dataclass(frozen=True, slots=True)
class Done:
    """What one job brought.

    Attributes:
        pages: In the order of their paths.
        process: Who did it.
        peak_memory: The most memory that process has had, in bytes.
    """

    pages: list[ReadPage | BrokenPage]
    process: int
    peak_memory: int


def fingerprint(
    chunk: Chunk, embedder: EmbeddedBy | None, language: Language = DEFAULT_LANGUAGE
) -> str:
    """Return a SHA-256, in hex, of everything that is stored for a chunk depends on."""
    terms = bm25.version(language)
    made_by = [terms, embedder.name, embedder.dimensions] if embedder else [terms]
    stored = asdict(replace(chunk, lines=None))
    text = json.dumps([stored, made_by], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def as_read(chunk: Chunk, mark: str, language: Language, *, counted: bool) -> ReadChunk:
    """Return a chunk with its terms and, where it is to be counted, its tokens."""
    text = chunk.searchable
    terms = bm25.document_terms(text, language)
    return ReadChunk(chunk, mark, terms, count_tokens(text) if counted else 0)


async def read_all(reading: Reading, paths: Sequence[PurePosixPath]) -> AsyncGenerator[Done]:
    """Read pages in their order, a few jobs ahead of whoever takes them.

    Raises:
        ReadersLost: A process was ended, most likely for want of memory.
    """
    loop = asyncio.get_running_loop()
    under_way: deque[asyncio.Future[Done]] = deque()
    with _executor(reading.site.folder, paths) as (executor, ahead):
        try:
            for job in _jobs(reading.site.folder, paths):
                under_way.append(loop.run_in_executor(executor, read, reading, job))
                if len(under_way) > ahead:
                    yield await under_way.popleft()
            while under_way:
                yield await under_way.popleft()
        except BrokenProcessPool as error:
            raise ReadersLost(
                "A process that was reading pages has been ended, most likely because the memory "
                "was used up; run this again to finish."
            ) from error
        finally:
            for job_done in under_way:
                job_done.cancel()


def read(reading: Reading, paths: Sequence[PurePosixPath]) -> Done:
    """Read some pages."""
    return Done([_read_page(reading, path) for path in paths], os.getpid(), peak_memory())


def _read_page(reading: Reading, path: PurePosixPath) -> ReadPage | BrokenPage:
    file = reading.site.folder / path
    embedder, language = reading.embedded_by, reading.language
    own = (str(file), file_digest(file))  # first: what changes meanwhile is read again next time
    try:
        with noting_reads() as noted:
            page = load_page(reading.site, path)
        if isinstance(page, BrokenPage):
            return page
        made = split(page, max_tokens=reading.max_tokens, book=reading.book) if page else ()
        chunks = tuple(
            as_read(chunk, fingerprint(chunk, embedder, language), language, counted=bool(embedder))
            for chunk in made
        )
    except Exception as error:  # noqa: BLE001 - whatever a page does to us, the others are read
        fault = f"It cannot be read ({type(error).__name__}), which is this program's fault."
        return BrokenPage(str(path), None, fault)
    others = ((str(other), file_digest(other)) for other in sorted(noted - {file}))
    record = PageRecord(
        path=str(path),
        is_published=page is not None,
        sources=(own, *others),
        digest=digest({one.chunk.id: one.fingerprint for one in chunks}),
        chunks=len(chunks),
        flaws=page.flaws if page else (),
    )
    return ReadPage(chunks, record)


def _jobs(folder: Path, paths: Sequence[PurePosixPath]) -> Iterator[list[PurePosixPath]]:
    job: list[PurePosixPath] = []
    size = 0
    for path in paths:
        job.append(path)
        size += _size(folder / path)
        if size >= _JOB_BYTES or len(job) == _JOB_PAGES:
            yield job
            job, size = [], 0
    if job:
        yield job


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # gone meanwhile, or no file: its loader says what is wrong
        return 0


@contextmanager
def _executor(folder: Path, paths: Sequence[PurePosixPath]) -> Iterator[tuple[Executor, int]]:
    """Give what reads the pages, and how many jobs it may have ahead."""
    processes = min(_cores(), _MOST_PROCESSES)
    executor: Executor
    if processes < 2 or sum(_size(folder / path) for path in paths) < _LONG_BOOK:  # noqa: PLR2004 - one is no help
        executor, processes = ThreadPoolExecutor(max_workers=1), 1
    else:
        # Started anew, not forked: this process has threads, of the engine and of the caches.
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(processes, context, initializer=_accompany)
    try:
        yield executor, 2 * processes
    finally:
        executor.shutdown(cancel_futures=True)


def _cores() -> int:
    # Those this process may use; not every system tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _accompany() -> None:
    """Leave interrupts to the process that started this one, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=[parent], daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    wait([parent.sentinel])
    os._exit(1)
