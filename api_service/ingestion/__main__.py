"""The command that puts a book into the index: `book-ingest SOURCE`.

Exit status: 0 when the index holds the book, or a watch was ended; 1 when something went wrong, a
page that could not be read included; 2 for wrong arguments or settings; 3 when most of the stored
book is not in the folder, and --prune was not given; 130 when interrupted.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from api_service import embedders
from api_service.embedders import Embedder
from api_service.patience import Patience
from api_service.settings import BookSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

BAD_SETTINGS = 2
INTERRUPTED = 130


def main() -> None:
    """Ingest the book named on the command line, and exit."""
    arguments = _arguments()
    try:
        settings = BookSettings.from_environment()
        embedder = _embedder(settings)
    except BadSettings as error:
        _remark(str(error))
        sys.exit(BAD_SETTINGS)
    log_format = "text" if sys.stderr.isatty() else settings.log_format
    # Warnings would say for machines what the command itself says in a sentence.
    level = "DEBUG" if settings.log_level == "DEBUG" else "ERROR"
    configure_logs("book-ingest", log_format, level)
    try:
        sys.exit(asyncio.run(_run(arguments, settings, embedder)))
    except KeyboardInterrupt:
        if arguments.watch:
            _remark("Watching has ended.")
            sys.exit(0)
        _remark("Interrupted; run this again to finish.")
        sys.exit(INTERRUPTED)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="book-ingest",
        description="Make the index hold the book in a folder, and nothing else.",
        epilog="Exit status: 0 done; 1 something went wrong, or a page could not be read; 2 wrong "
        "arguments or settings; 3 most of the stored book is not in the folder, see --prune; "
        "130 interrupted.",
    )
    parser.add_argument("source", type=_folder, help="the book's folder")
    parser.add_argument(
        "--prune", action="store_true", help="remove pages that are gone, even most of them"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as a line of JSON")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        "--if-empty", action="store_true", help="do nothing when the index holds chunks already"
    )
    modes.add_argument(
        "--dry-run", action="store_true", help="change nothing; say what would be, and its cost"
    )
    modes.add_argument(
        "--watch", action="store_true", help="go on, and ingest what changes in the folder"
    )
    return parser.parse_args()


def _folder(text: str) -> Path:
    if not text:  # which would be the working directory
        raise argparse.ArgumentTypeError("name the book's folder (make ingest SOURCE=folder)")
    return Path(text).expanduser()  # not every shell does after SOURCE=


def _embedder(settings: BookSettings) -> Embedder | None:
    """Return the embedder, its vectors kept on disk unless the settings say otherwise."""
    patience = Patience(settings.embedding_patience_seconds, _remark)
    embedder = embedders.choose(settings, patience)
    if embedder is None or settings.embedding_cache_mb == 0:
        return embedder
    from api_service.embedders.cache import FILE, CachedEmbedder

    most_bytes = settings.embedding_cache_mb * 1_000_000
    return CachedEmbedder(embedder, settings.data_dir / FILE, most_bytes, _remark)


async def _run(
    arguments: argparse.Namespace, settings: BookSettings, embedder: Embedder | None
) -> int:
    # Imported here: wrong arguments and settings are told at once, without the engine.
    from api_service.ingestion.once import Order, ingest_once

    order = Order(
        folder=arguments.source,
        settings=settings,
        embedder=embedder,
        if_empty=arguments.if_empty,
        prune=arguments.prune,
        dry_run=arguments.dry_run,
        as_json=arguments.json,
    )
    try:
        if not arguments.watch:
            return await ingest_once(order)
        from api_service.ingestion.watching import watch

        return await watch(order, _remark)
    finally:
        if embedder:
            await embedder.close()


def _remark(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
