"""`python -m benchmarks.scaling`: the table in docs/scaling.md, on standard output.

Without QDRANT_URL it measures the embedded engine. 100,000 chunks with vectors take some minutes.
"""

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from benchmarks.scaling.measuring import Measured, measured_now

_HEAD = (
    "| chunks | numbers in a vector | written, chunks/CPU s | by terms, p50 ms | hybrid, p50 ms | "
    "copied, s | peak memory, MB | on disk, MB |\n"
    "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
)


def main() -> None:
    """Measure the sizes named on the command line, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+", help="numbers of chunks")
    parser.add_argument("--dimensions", type=int, default=384, help="0 for none (%(default)s)")
    arguments = parser.parse_args()
    sys.stdout.write(_HEAD)
    spawn = multiprocessing.get_context("spawn")
    for size in arguments.sizes:
        with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as process:
            measured = process.submit(
                measured_now, size, arguments.dimensions, os.environ.get("QDRANT_URL") or None
            ).result()
        sys.stdout.write(row(measured, arguments.dimensions))
        sys.stdout.flush()


def row(measured: Measured, dimensions: int) -> str:
    """Return a row of the table."""
    hybrid = "" if measured.hybrid_ms is None else f"{measured.hybrid_ms:.1f}"
    disk = "" if measured.disk_mb is None else f"{measured.disk_mb:,.0f}"
    return (
        f"| {measured.chunks:,} | {dimensions or ''} | {measured.rate:,.0f} | "
        f"{measured.terms_ms:.1f} | {hybrid} | {measured.copy_seconds:.1f} | "
        f"{measured.resident_mb:,.0f} | {disk} |\n"
    )


if __name__ == "__main__":
    main()
