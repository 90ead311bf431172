"""`python -m benchmarks.retrieval`: measures the product and three frameworks, writes the report.

Takes about twenty minutes, the first time some more to install the frameworks.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from api_service.evaluation.judged_sets import BadSet, JudgedSet, read_set
from benchmarks.failure import BenchmarkFailed
from benchmarks.page import write_part
from benchmarks.retrieval import report
from benchmarks.retrieval.environment import frameworks_python, own_python, run, versions
from benchmarks.retrieval.figures import Cut, Indexed
from benchmarks.retrieval.judging import findings, quality
from benchmarks.retrieval.systems import SYSTEMS, Entry

CHECKOUT = Path(__file__).parents[2]
SETS = ("scifact", "xquad-en", "mtrag-un-general")
QUICK = 50
"""Questions of each set with --quick."""


def main() -> int:
    """Measure, print and write; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench-retrieval", description="Measure retrieval.")
    parser.add_argument("--data", type=Path, default=CHECKOUT.parent / "shared/data")
    parser.add_argument("--sets", nargs="+", default=list(SETS), metavar="SET")
    systems = [entry.name for entry in SYSTEMS]
    parser.add_argument("--systems", nargs="+", choices=systems, default=systems)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} questions of each set")
    parser.add_argument("--environment", type=Path, default=CHECKOUT / "build/bench-retrieval")
    parser.add_argument("--output", type=Path, help="a page; docs/benchmarks.md for a whole run")
    options = parser.parse_args()
    entries = [entry for entry in SYSTEMS if entry.name in options.systems]
    is_whole = not options.quick and set(SETS) <= set(options.sets) and len(entries) == len(SYSTEMS)
    try:
        bench = _prepared(options, entries)
        text = "\n".join(_report(bench, options.sets)) + "\n"
    except (BenchmarkFailed, BadSet) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(text)
    page = options.output or (CHECKOUT / "docs/benchmarks.md" if is_whole else None)
    if page:
        write_part(page, "make bench-retrieval", text)
    return 0


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and with what.

    Attributes:
        entries: The systems.
        python: Of the frameworks' environment.
        data: The folder of sets, book and model.
        questions: Most of each set.
    """

    entries: Sequence[Entry]
    python: Path
    data: Path
    questions: int | None


def _prepared(options: argparse.Namespace, entries: Sequence[Entry]) -> Bench:
    if not options.data.is_dir():
        raise BenchmarkFailed(f"{options.data} is not there: name a folder with --data.")
    python = own_python()
    if any(entry.package for entry in entries):
        _tell("the frameworks' environment")
        python = frameworks_python(options.environment)
    return Bench(entries, python, options.data, QUICK if options.quick else None)


def _report(bench: Bench, sets: Sequence[str]) -> Iterator[str]:
    began = time.monotonic()
    cuts = [(entry.name, _cut(bench, entry)) for entry in bench.entries]
    measured = [_in_set(bench, name, turn) for name, turn in zip(sets, count())]
    packages = [entry.package for entry in bench.entries if entry.package]
    installed = versions(bench.python, [*packages, "qdrant-client", "fastembed"])
    yield report.INTRODUCTION
    yield report.setting(installed, (time.monotonic() - began) / 60)
    yield f"### Finding documents\n\n{report.QUALITY}"
    yield from report.qualities(measured)
    yield f"\n### Cutting a book\n\n{report.CUTTING}"
    book = _book(bench)
    yield from report.cuts((name, cut, findings(book, cut)) for name, cut in cuts)
    largest = max(measured, key=lambda each: each.documents)
    yield f"\n### Speed and memory, on {largest.name}\n\n{report.SPEED}"
    yield from report.speeds(largest)


def _in_set(bench: Bench, name: str, turn: int) -> report.InSet:
    """Measure every system in one set, beginning with another one each turn."""
    folder = bench.data / "retrieval" / name
    judged = read_set(folder)
    first = turn % len(bench.entries)
    found = {
        entry.name: _indexed(bench, entry, folder)
        for entry in (*bench.entries[first:], *bench.entries[:first])
    }
    return report.InSet(
        name=name,
        documents=len(judged.passages),
        questions=len(judged.queries[: bench.questions]),
        systems={
            entry.name: (_judged(judged, found[entry.name]), found[entry.name])
            for entry in bench.entries
        },
    )


def _judged(judged: JudgedSet, figures: Indexed) -> report.Judged:
    return [(searched, quality(judged, searched.rankings)) for searched in figures.ways]


def _book(bench: Bench) -> Path:
    return bench.data / "book-lerobot/docs"


def _cut(bench: Bench, entry: Entry) -> Cut:
    figures = _measured(bench, entry, ["--book", str(_book(bench))], "cuts the book")
    return TypeAdapter(Cut).validate_json(figures)


def _indexed(bench: Bench, entry: Entry, folder: Path) -> Indexed:
    asked = ["--questions", str(bench.questions)] if bench.questions else []
    arguments = ["--data", str(folder), *asked]
    figures = _measured(bench, entry, arguments, f"indexes and searches {folder.name}")
    return TypeAdapter(Indexed).validate_json(figures)


def _measured(bench: Bench, entry: Entry, arguments: list[str], what: str) -> str:
    _tell(f"{entry.name} {what}")
    with ExitStack() as stack:
        output = Path(stack.enter_context(TemporaryDirectory())) / "figures.json"
        python = bench.python if entry.package else own_python()
        model = bench.data / "models/all-MiniLM-L6-v2-int8"
        worker = [str(python), "-m", "benchmarks.retrieval.worker", entry.name]
        run(
            [*worker, "--model", str(model), *arguments, "--output", str(output)],
            checkout=CHECKOUT,
        )
        return output.read_text(encoding="utf-8")


def _tell(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what} ...\n")


if __name__ == "__main__":
    sys.exit(main())
