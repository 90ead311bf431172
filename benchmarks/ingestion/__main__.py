"""`python -m benchmarks.ingestion`: ingests made-up books of several lengths, by terms alone.

Each is ingested twice by the product's own command, in processes of its own: the second time
nothing has changed. Takes some minutes; needs about five times the longest book on the disk.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.ingestion.synthetic import write_book

CHECKOUT = Path(__file__).parents[2]
COLUMNS = "{:>7} {:>7} {:>8} {:>9} {:>10} {:>9} {:>12}"


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench-ingest", description="Measure book-ingest.")
    parser.add_argument(
        "--megabytes", type=float, nargs="+", default=[10.0, 100.0], help="lengths of the books"
    )
    parser.add_argument(
        "--qdrant-url", default="", help="a Qdrant server; else the embedded engine is used"
    )
    arguments = parser.parse_args()
    heads = ("MB", "pages", "chunks", "first s", "chunks/s", "peak MB", "unchanged s")
    print(COLUMNS.format(*heads))  # noqa: T201 - a command for a terminal
    for megabytes in arguments.megabytes:
        with TemporaryDirectory(prefix="bench-ingest-") as folder:
            book = Path(folder, "book")
            write_book(book, megabytes, words_from=CHECKOUT / "examples/book")
            first, again = (_ingest(book, Path(folder), arguments.qdrant_url) for _ in range(2))
        print(  # noqa: T201 - likewise
            COLUMNS.format(
                f"{megabytes:g}",
                first["pages"],
                first["chunks"],
                f"{first['seconds']:.1f}",
                f"{first['chunks_per_second']:.0f}",
                first["peak_memory_mb"],
                f"{again['seconds']:.1f}",
            ),
            flush=True,
        )
    return 0


def _ingest(book: Path, folder: Path, qdrant_url: str) -> dict[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "DATA_DIR": str(folder / "data"),
        **({"QDRANT_URL": qdrant_url} if qdrant_url else {}),
    }
    command = [sys.executable, "-m", "api_service.ingestion", "--json", "--prune", str(book)]
    # In an empty folder: whatever .env stands here is not to be measured.
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True
    )
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


if __name__ == "__main__":
    sys.exit(main())
