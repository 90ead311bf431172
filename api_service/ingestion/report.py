"""What the command says: its progress, and in the end what it did, in words or as JSON."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from api_service.embedders import Embedder
from api_service.ingestion.pipeline import Progress, Summary
from api_service.ingestion.prices import Price, price_of
from api_service.settings import BookSettings

_MEGABYTE = 1_000_000

Status = Literal["ok", "broken-pages", "skipped", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an ingestion went.

    Attributes:
        status: "ok"; "broken-pages" where some could not be read; "skipped", nothing was asked for;
            "refused" for want of --prune; "failed".
        dry_run: Whether it was one.
        embedder: As configured.
        settings: As read.
        reason: A sentence, unless it went to the end.
        summary: If it went to the end.
        seconds: From the command's beginning.
    """

    status: Status
    dry_run: bool
    embedder: Embedder | None
    settings: BookSettings
    reason: str | None = None
    summary: Summary | None = None
    seconds: float = 0.0

    @property
    def price(self) -> Price | None:
        """What the embedder costs, if that is known."""
        return price_of(self.embedder.name, self.settings) if self.embedder else None


def as_json(outcome: Outcome) -> str:
    """Return the outcome as one line; its members are the same in every case, null if unknown."""
    done = outcome.summary
    price = outcome.price
    cost = done.tokens * price.per_token if done and price else None
    return json.dumps(
        {
            "status": outcome.status,
            "dry_run": outcome.dry_run,
            "reason": outcome.reason,
            "pages": done.pages if done else None,
            "pages_read": done.read if done else None,
            "chunks": done.chunks if done else None,
            "written": done.written if done else None,
            "removed": done.removed if done else None,
            "unchanged": done.unchanged if done else None,
            "broken": [
                {"path": page.path, "line": page.line, "reason": page.reason}
                for page in (done.broken if done else ())
            ],
            "flaws": [
                {"path": page.path, "line": flaw.line, "reason": flaw.reason}
                for page in (done.flawed if done else ())
                for flaw in page.flaws
            ],
            "embedder": outcome.embedder.name if outcome.embedder else None,
            "tokens": done.tokens if done else None,
            "cost_usd": None if cost is None else round(cost, 6),
            "seconds": round(outcome.seconds, 3),
            "chunks_per_second": round(done.chunks / outcome.seconds, 1) if done else None,
            "peak_memory_mb": round(sum(done.peak_memory.values()) / _MEGABYTE) if done else None,
        }
    )


def in_words(outcome: Outcome) -> None:
    """Say how it went: what was done on stdout, what is wrong on stderr."""
    if outcome.summary is None:
        (tell if outcome.status == "skipped" else remark)(outcome.reason or "")
        return
    done = outcome.summary
    for page in done.flawed:
        for flaw in page.flaws:
            remark(f"{_placed(page.path, flaw.line)}: {flaw.reason}")
    if outcome.dry_run:
        tell(
            f"The book has {counted(done.pages, 'page')} in {counted(done.chunks, 'chunk')}. "
            f"To be written {done.written}, to be removed {done.removed}, "
            f"unchanged {done.unchanged}. Nothing was changed."
        )
    else:
        embedder = outcome.embedder
        searched = f"by terms and by meaning ({embedder.name})" if embedder else "by terms"
        tell(
            f"The index holds {counted(done.pages, 'page')} in {counted(done.chunks, 'chunk')}, "
            f"searched {searched}. "
            f"Written {done.written}, removed {done.removed}, unchanged {done.unchanged}."
        )
    if outcome.embedder:
        tell(_spent(outcome, done.tokens))
    processes = len(done.peak_memory)
    memory = f"{sum(done.peak_memory.values()) // _MEGABYTE} MB of memory at most"
    tell(
        f"{outcome.seconds:.1f} s, {done.chunks / outcome.seconds:.0f} chunks/s, {memory}"
        f"{f', in {processes} processes' if processes > 1 else ''}."
    )
    for broken in done.broken:
        remark(f"{_placed(broken.path, broken.line)}: {broken.reason}")
    if done.broken:
        stays = "What was stored before of such a page stays, and everything else "
        stays += "would be in." if outcome.dry_run else "is in."
        remark(f"{counted(len(done.broken), 'page')} could not be read. {stays}")


def _spent(outcome: Outcome, tokens: int) -> str:
    verb = "To be embedded" if outcome.dry_run else "Embedded"
    price = outcome.price
    if price is None:
        return f"{verb}: {counted(tokens, 'token')}; set EMBEDDING_PRICE for an estimate of cost."
    cost = tokens * price.per_token
    return f"{verb}: {counted(tokens, 'token')}, about ${cost:.4f} ({price.source})."


@contextmanager
def progress() -> Iterator[Progress]:
    """Show what is done on stderr: a bar on a terminal, else now and then a line."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("ingesting pages"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("ingest", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines() -> Progress:
    """Return a progress that writes a line for each tenth of the work."""
    tenths_told = 0

    def told(done: int, total: int) -> None:
        nonlocal tenths_told
        tenths = done * 10 // total
        if tenths > tenths_told:
            tenths_told = tenths
            remark(f"{done} of {counted(total, 'page')} read")

    return told


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _placed(path: str, line: int | None) -> str:
    return path if line is None else f"{path}, line {line}"


def tell(text: str) -> None:
    """Write a line to stdout."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
