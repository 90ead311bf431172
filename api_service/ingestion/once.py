"""One ingestion, from the borrowed index to the last word on the terminal."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from api_service.embedders import Embedder
from api_service.ingestion import report
from api_service.ingestion.handover import borrowed_index
from api_service.ingestion.loaders import NoPages
from api_service.ingestion.pipeline import MuchIsGone, Source, Summary, ingest
from api_service.ingestion.reading import ReadersLost
from api_service.ingestion.report import Outcome
from api_service.problems import ModelUnavailable, Unavailable
from api_service.settings import BookSettings
from api_service.vector_index import IndexRefused, VectorIndex
from api_service.vector_index.opening import index_folder

WRONG = 1
PRUNE_NEEDED = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What the command was told.

    Attributes:
        folder: The book's.
        settings: As read.
        embedder: None without one; whoever gives the order closes it.
        if_empty: Whether to do nothing where the index holds chunks.
        prune: Whether most of the stored book may be removed.
        dry_run: Whether to change nothing.
        as_json: Whether the summary is printed as JSON.
    """

    folder: Path
    settings: BookSettings
    embedder: Embedder | None
    if_empty: bool = False
    prune: bool = False
    dry_run: bool = False
    as_json: bool = False


async def ingest_once(order: Order) -> int:
    """Ingest, say how it went, and return the exit status."""
    began = time.monotonic()
    outcome, status = await _outcome(order)
    outcome = replace(outcome, seconds=time.monotonic() - began)
    if order.as_json:
        report.tell(report.as_json(outcome))
    else:
        report.in_words(outcome)
    return status


async def _outcome(order: Order) -> tuple[Outcome, int]:
    """Ingest; what goes wrong becomes a sentence."""
    outcome = Outcome("ok", dry_run=order.dry_run, embedder=order.embedder, settings=order.settings)
    try:
        if order.dry_run and not _is_there(order.settings):
            return _finished(outcome, await _ingest(order, None))
        async with borrowed_index(order.settings) as borrowed:
            if order.if_empty and (count := await borrowed.index.count()):
                reason = f"The index already holds {report.counted(count, 'chunk')}; "
                return replace(outcome, status="skipped", reason=f"{reason}nothing was changed."), 0
            summary = await _ingest(order, borrowed.index)
            if not order.dry_run:
                await borrowed.hand_over()
    except MuchIsGone as error:
        return replace(outcome, status="refused", reason=str(error)), PRUNE_NEEDED
    except (NoPages, IndexRefused, ReadersLost) as error:
        return replace(outcome, status="failed", reason=str(error)), WRONG
    except Unavailable as error:
        reason = f"{_told(error, order)} Run this again once that is mended; what was done is kept."
        return replace(outcome, status="failed", reason=reason), WRONG
    return _finished(outcome, summary)


def _finished(outcome: Outcome, summary: Summary) -> tuple[Outcome, int]:
    if summary.broken:
        return replace(outcome, status="broken-pages", summary=summary), WRONG
    return replace(outcome, summary=summary), 0


async def _ingest(order: Order, index: VectorIndex | None) -> Summary:
    source = Source(
        folder=order.folder,
        base_url=order.settings.book_base_url,
        book=order.settings.book,
        language=order.settings.book_language,
        data_dir=order.settings.data_dir,
        prune=order.prune,
        dry_run=order.dry_run,
        concurrency=order.settings.embedding_concurrency,
    )
    with report.progress() as progress:
        return await ingest(
            source, index=index, embedder=order.embedder, progress=progress, remark=report.remark
        )


def _is_there(settings: BookSettings) -> bool:
    """Tell whether there is an index; opening the embedded one would make it."""
    return settings.qdrant_url is not None or index_folder(settings).exists()


def _told(error: Unavailable, order: Order) -> str:
    """Put into words what the operator may know, other than a caller of the service."""
    if isinstance(error, ModelUnavailable) and order.embedder:
        return f"The embedder {order.embedder.name} failed: {_cause(order, error)}."
    if order.settings.qdrant_url:
        host = urlsplit(order.settings.qdrant_url).hostname
        return f"{error.detail} QDRANT_URL names {host}."
    return error.detail


def _cause(order: Order, error: ModelUnavailable) -> str:
    if order.embedder and order.embedder.name.startswith("openai:"):
        from api_service.openai_client import in_words

        return in_words(error.__cause__)
    return type(error.__cause__).__name__
