"""Makes the index hold what the book holds: no more, no less, and nothing written twice."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from api_service.documents import DEFAULT_BOOK, Flaw
from api_service.embedders import Embedder, bm25
from api_service.ingestion import chunking
from api_service.ingestion.ledger import Ledger, digest, open_ledger
from api_service.ingestion.loaders import BrokenPage, no_pages, page_files
from api_service.ingestion.loaders.sites import Site
from api_service.ingestion.memory import peak_memory
from api_service.ingestion.page_records import FILE, PageRecord, PageRecords, open_records
from api_service.ingestion.reading import (
    Done,
    EmbedderName,
    ReadChunk,
    Reading,
    ReadPage,
    read_all,
)
from api_service.ingestion.writing import batches, new_tokens, write_all
from api_service.local_database import Remark
from api_service.search_settings import DEFAULT_LANGUAGE, Language
from api_service.vector_index import Made, VectorIndex

MAX_TOKENS = 400
"""Tokens in a chunk, unless a code block or a table alone is longer."""

_FEW_PAGES = 20  # a small book may be replaced by another without a question

Progress = Callable[[int, int], None]
"""Called with what is done so far, and what there is to do in all."""


class MuchIsGone(Exception):
    """Most of the stored book is not in the folder; the text says so, and what helps."""


@dataclass(frozen=True, slots=True)
class Source:
    """A book to ingest, and how.

    Attributes:
        folder: The book's folder.
        base_url: Where the book is served.
        book: Its name.
        language: Whose stems and stop words the search by terms knows.
        data_dir: Where what is remembered of its pages lies; None to remember nothing.
        prune: Whether pages may be removed however many they are.
        dry_run: Whether to change nothing and only tell what would be done.
        concurrency: Batches being embedded or written at the same time, at most.
    """

    folder: Path
    base_url: str
    book: str = DEFAULT_BOOK
    language: Language = DEFAULT_LANGUAGE
    data_dir: Path | None = None
    prune: bool = False
    dry_run: bool = False
    concurrency: int = 4


@dataclass(frozen=True, slots=True)
class FlawedPage:
    """A page that was understood, but for these flaws."""

    path: str
    flaws: tuple[Flaw, ...]


@dataclass(slots=True)
class Summary:
    """What an ingestion did, or in a dry run would do.

    Attributes:
        pages: Published pages of the book that could be read.
        read: Those that had to be read; the others are as they were.
        chunks: Chunks these pages make.
        written: Those that were new or changed.
        removed: Stored chunks that are no longer in the book.
        unchanged: Chunks that were stored already.
        tokens: Of the texts that were embedded, those not counted whose vectors were kept.
        broken: Pages that could not be read; what was stored of them before is still there.
        flawed: Pages of which something was not understood.
        peak_memory: By process, in bytes: the most memory it had.
    """

    pages: int = 0
    read: int = 0
    chunks: int = 0
    written: int = 0
    removed: int = 0
    unchanged: int = 0
    tokens: int = 0
    broken: list[BrokenPage] = field(default_factory=list)
    flawed: list[FlawedPage] = field(default_factory=list)
    peak_memory: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the steps of one ingestion share."""

    source: Source
    embedder: Embedder | None
    ledger: Ledger
    records: PageRecords
    summary: Summary


async def ingest(
    source: Source,
    *,
    index: VectorIndex | None,
    embedder: Embedder | None,
    progress: Progress,
    remark: Remark,
) -> Summary:
    """Write the chunks that are new or changed, then remove those the book no longer has.

    Interrupted anywhere, it leaves an index that answers from what is there; run again, it does
    what is left. Removing comes last, so that no page is away while its new chunks are made. Pages
    are read, embedded and written as a stream: how much memory it takes does not depend on how
    many there are.

    Args:
        source: The book.
        index: Where to; None for none yet, of which only a dry run knows what to make.
        embedder: None to write chunks without embeddings.
        progress: Told the pages read, and those to be read.
        remark: Told in a sentence what the operator should know.

    Raises:
        NoPages: There is no book in the folder.
        MuchIsGone: Most pages of the stored book are not in it; nothing was changed.
        ReadersLost: A process that read pages was ended.
        IndexRefused: The collection is not ours.
        IndexUnavailable: The index failed.
        ModelUnavailable: The embedder failed; what it did before is kept.
    """
    site, paths = page_files(source.folder, base_url=source.base_url)
    _remark_on(site, remark)
    named_by = EmbedderName(embedder.name, embedder.dimensions) if embedder else None
    reading = Reading(site, source.book, MAX_TOKENS, source.language, named_by)
    file = source.data_dir / FILE if source.data_dir and not source.dry_run else None
    circumstances = (site, source.book, MAX_TOKENS, bm25.version(source.language), named_by)
    records_of = open_records(file, site, circumstances, remark)
    with open_ledger() as ledger, closing(records_of) as records:
        run = _Run(source, embedder, ledger, records, Summary())
        if index and not source.dry_run:
            # First: what an ingestion that was broken off had written is stored, too.
            dimensions = embedder.dimensions if embedder else None
            await index.prepare(dimensions, made_by(embedder, source.language))
        if index:
            async for stored in index.stored():
                ledger.enter(stored)
        _refuse_much_gone(run, paths)
        to_read = [path async for path in _changed_pages(run, paths)]
        changed = _changed(run, read_all(reading, to_read), len(to_read), progress)
        if source.dry_run or index is None:
            await _count(run, changed)
        else:
            # Where nobody is asked, one batch is read while the other is written.
            concurrency = source.concurrency if embedder else 2
            run.summary.tokens = await write_all(changed, index, embedder, concurrency)
        if not run.summary.pages and not run.summary.broken:
            raise no_pages(site.folder)
        for ids in ledger.left():
            run.summary.removed += len(ids)
            if index and not source.dry_run:
                await index.remove(ids)
    run.summary.peak_memory[os.getpid()] = peak_memory()
    return run.summary


def made_by(embedder: Embedder | None, language: Language) -> Made:
    """Return what an index made now is made by, to be noted beside it."""
    return {
        "chunker": f"{chunking.VERSION}:{MAX_TOKENS}",
        "terms": bm25.version(language),
        "embedder": embedder.name if embedder else None,
        "dimensions": embedder.dimensions if embedder else None,
    }


def _remark_on(site: Site, remark: Remark) -> None:
    """Say where pages are read, and what of a site's configuration could not be understood."""
    if site.configuration:
        remark(f"{site.configuration}: the pages in {site.folder} are read at {site.base_url}")
        for flaw in site.flaws:
            place = site.configuration + ("" if flaw.line is None else f", line {flaw.line}")
            remark(f"{place}: {flaw.reason}")


def _refuse_much_gone(run: _Run, paths: list[PurePosixPath]) -> None:
    """Refuse to remove most of a long book: the folder may be the wrong one."""
    stored = run.ledger.pages()
    gone = run.ledger.pages_outside({str(path) for path in paths})
    if not run.source.prune and gone > _FEW_PAGES and gone * 2 > stored:
        raise MuchIsGone(
            f"Of the {stored} pages in the index {gone} are not in {run.source.folder}; nothing "
            "was changed. If this is the right folder, say so with --prune, and they are removed."
        )


async def _changed_pages(run: _Run, paths: list[PurePosixPath]) -> AsyncGenerator[PurePosixPath]:
    for path in paths:
        if not _is_unchanged(run, path):
            yield path
        await asyncio.sleep(0)  # whatever else keeps the index has its turn


def _is_unchanged(run: _Run, path: PurePosixPath) -> bool:
    """Tell whether a page is as it was and stored as it is; then it is done with."""
    record = run.records.of(path)
    if record is None or digest(run.ledger.of_page(str(path))) != record.digest:
        return False
    run.ledger.strike_page(str(path))
    _sum_up(run.summary, record)
    run.summary.unchanged += record.chunks
    return True


def _sum_up(summary: Summary, record: PageRecord) -> None:
    summary.pages += record.is_published
    summary.chunks += record.chunks
    if record.flaws:
        summary.flawed.append(FlawedPage(record.path, record.flaws))


async def _changed(
    run: _Run, jobs: AsyncGenerator[Done], pages: int, progress: Progress
) -> AsyncGenerator[ReadChunk]:
    """Yield the chunks that are new or changed, page by page, as long as jobs bring pages."""
    summary = run.summary
    async with aclosing(jobs):
        async for done in jobs:
            summary.peak_memory[done.process] = done.peak_memory
            for page in done.pages:
                if isinstance(page, BrokenPage):
                    summary.broken.append(page)
                    run.ledger.strike_page(page.path)
                    continue
                stored = run.ledger.of_page(page.record.path)
                run.ledger.strike(page.record.path, (one.chunk.id for one in page.chunks))
                _sum_up(summary, page.record)
                for one in page.chunks:
                    if stored.get(one.chunk.id) == one.fingerprint:
                        summary.unchanged += 1
                    else:
                        summary.written += 1
                        yield one
            summary.read += len(done.pages)
            run.records.keep(page.record for page in done.pages if isinstance(page, ReadPage))
            progress(summary.read, pages)


async def _count(run: _Run, changed: AsyncGenerator[ReadChunk]) -> None:
    """Go through what would be written, and count the tokens that would be paid for."""
    async with aclosing(batches(changed, run.embedder)) as cut:
        async for batch in cut:
            run.summary.tokens += await new_tokens(batch, run.embedder)
