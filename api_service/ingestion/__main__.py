"""The command that puts a book into the index: `book-ingest SOURCE [--if-empty]`."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api_service import embedders
from api_service.embedders import Embedder
from api_service.problems import ModelUnavailable, Unavailable
from api_service.settings import BookSettings
from api_service.vector_index import IndexRefused, VectorIndex
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

if TYPE_CHECKING:
    from api_service.ingestion.loaders.sites import Site
    from api_service.ingestion.pipeline import Progress, Summary

WRONG = 1
BAD_SETTINGS = 2
INTERRUPTED = 130


def main() -> None:
    """Ingest the book named on the command line, and exit.

    Exit status: 0 when the index holds the book; 1 when something went wrong, a page that could
    not be read included; 2 for wrong arguments or settings.
    """
    arguments = _arguments()
    try:
        settings = BookSettings.from_environment()
        embedder = embedders.choose(settings)
    except BadSettings as error:
        _remark(str(error))
        sys.exit(BAD_SETTINGS)
    log_format = "text" if sys.stderr.isatty() else settings.log_format
    # Warnings would say for machines what the command itself says in a sentence.
    level = "DEBUG" if settings.log_level == "DEBUG" else "ERROR"
    configure_logs("book-ingest", log_format, level)
    try:
        sys.exit(
            asyncio.run(_run(arguments.source, settings, embedder, if_empty=arguments.if_empty))
        )
    except KeyboardInterrupt:
        _remark("Interrupted; run this again to finish.")
        sys.exit(INTERRUPTED)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="book-ingest",
        description="Make the index hold the book in a folder, and nothing else.",
    )
    parser.add_argument("source", type=_folder, help="the book's folder")
    parser.add_argument(
        "--if-empty", action="store_true", help="do nothing when the index holds chunks already"
    )
    return parser.parse_args()


def _folder(text: str) -> Path:
    if not text:  # which would be the working directory
        raise argparse.ArgumentTypeError("name the book's folder (make ingest SOURCE=folder)")
    return Path(text).expanduser()  # not every shell does after SOURCE=


async def _run(
    source: Path, settings: BookSettings, embedder: Embedder | None, *, if_empty: bool
) -> int:
    # Imported here: wrong arguments and settings are told at once, without the engine.
    from api_service.ingestion.handover import borrowed_index
    from api_service.ingestion.loaders import NoPages

    try:
        async with borrowed_index(settings) as borrowed:
            if if_empty and (count := await borrowed.index.count()):
                _tell(f"The index already holds {_counted(count, 'chunk')}; nothing was changed.")
                return 0
            summary = await _ingest(source, settings, embedder, borrowed.index)
            await borrowed.hand_over()
    except (NoPages, IndexRefused) as error:
        _remark(str(error))
        return WRONG
    except Unavailable as error:
        _remark(_told(error, settings, embedder))
        _remark("Run this again once that is mended.")
        return WRONG
    finally:
        if embedder:
            await embedder.close()
    _report(summary, embedder)
    return WRONG if summary.broken else 0


async def _ingest(
    source: Path, settings: BookSettings, embedder: Embedder | None, index: VectorIndex
) -> "Summary":
    from api_service.ingestion.loaders import load_book
    from api_service.ingestion.loaders.sites import site_of
    from api_service.ingestion.pipeline import ingest

    _remark_on_site(site_of(source, settings.book_base_url))
    book = load_book(source, base_url=settings.book_base_url)
    for page in book.documents:
        for flaw in page.flaws:
            _remark(f"{_placed(page.path, flaw.line)}: {flaw.reason}")
    with _progress() as progress:
        return await ingest(
            book,
            index=index,
            embedder=embedder,
            progress=progress,
            language=settings.book_language,
        )


def _remark_on_site(site: "Site") -> None:
    """Say where pages are read, and what of a site's configuration could not be understood."""
    if site.configuration:
        _remark(f"{site.configuration}: the pages in {site.folder} are read at {site.base_url}")
        for flaw in site.flaws:
            _remark(f"{_placed(site.configuration, flaw.line)}: {flaw.reason}")


@contextmanager
def _progress() -> Iterator["Progress"]:
    """Show what is done on stderr: a bar on a terminal, else now and then a line."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("writing chunks"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("write", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines() -> "Progress":
    """Return a progress that writes a line for each tenth of the work."""
    tenths_told = 0

    def tell(done: int, total: int) -> None:
        nonlocal tenths_told
        tenths = done * 10 // total
        if tenths > tenths_told:
            tenths_told = tenths
            _remark(f"{done} of {total} chunks written")

    return tell


def _report(summary: "Summary", embedder: Embedder | None) -> None:
    searched = f"by terms and by meaning ({embedder.name})" if embedder else "by terms"
    _tell(
        f"The index holds {_counted(summary.pages, 'page')} in "
        f"{_counted(summary.chunks, 'chunk')}, searched {searched}. "
        f"Written {summary.written}, removed {summary.removed}, unchanged {summary.unchanged}."
    )
    for page in summary.broken:
        _remark(f"{_placed(page.path, page.line)}: {page.reason}")
    if summary.broken:
        _remark(
            f"{_counted(len(summary.broken), 'page')} could not be read. What was stored before of "
            "such a page stays, and everything else is in."
        )


def _placed(path: str, line: int | None) -> str:
    return path if line is None else f"{path}, line {line}"


def _told(error: Unavailable, settings: BookSettings, embedder: Embedder | None) -> str:
    """Put into words what the operator may know, other than a caller of the service."""
    cause = type(error.__cause__).__name__
    if isinstance(error, ModelUnavailable) and embedder:
        return f"The embedder {embedder.name} failed: {cause}."
    if settings.qdrant_url:
        return f"{error.detail} QDRANT_URL names {urlsplit(settings.qdrant_url).hostname}."
    return error.detail


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _remark(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
