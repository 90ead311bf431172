"""Measures one system in a process of its own: `python -m benchmarks.retrieval.worker`.

It runs in the environment of its system, so that it needs Python and the system alone.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from api_service.evaluation.judged_sets import JudgedSet, Query, read_set
from benchmarks.retrieval.figures import CHUNKS, Cut, Indexed, Searched, documents
from benchmarks.retrieval.systems import SYSTEMS, System

KNOWN_QUESTIONS = 100
"""Questions asked a second time, when their vectors are known."""


def main() -> None:
    """Measure what the command line says, and write the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=[entry.name for entry in SYSTEMS])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--book", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--questions", type=int, help="at most so many of the set's")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    (entry,) = (entry for entry in SYSTEMS if entry.name == options.system)
    system = entry.open(options.model)
    figures = (
        cut(system, options.book)
        if options.book
        else index(system, read_set(options.data), options.questions)
    )
    system.close()
    options.output.write_text(json.dumps(asdict(figures)), encoding="utf-8")


def cut(system: System, folder: Path) -> Cut:
    """Cut the book in a folder twice, the first time to warm up."""
    system.cut(folder)
    began = time.process_time()
    pages = system.cut(folder)
    seconds = time.process_time() - began
    characters = sum(
        len((folder / page.path).read_text(encoding="utf-8")) for page in pages if page.pieces
    )
    return Cut(tuple(pages), characters, seconds)


def index(system: System, judged: JudgedSet, questions: int | None) -> Indexed:
    """Build a set and search it, in every way the system has."""
    asked = judged.queries[:questions]
    ways: list[Searched] = []
    peak = 0.0
    for way in system.ways:
        system.forget([query.text for query in asked])
        _, first_seconds = _build(system, judged, way)
        rankings, milliseconds = _search(system, asked)
        peak = peak or peak_mib()
        chunks, seconds = _build(system, judged, way)
        _, known = _search(system, asked[:KNOWN_QUESTIONS])
        ways.append(
            Searched(
                way=way,
                chunks=chunks,
                seconds=seconds,
                embedding_seconds=None if ways else first_seconds,
                rankings=rankings,
                milliseconds=milliseconds,
                known_milliseconds=known,
            )
        )
    return Indexed(tuple(ways), peak)


def _build(system: System, judged: JudgedSet, way: str) -> tuple[int, float]:
    began = time.perf_counter()
    chunks = system.build(judged.passages, way)
    return chunks, time.perf_counter() - began


def _search(system: System, asked: Sequence[Query]) -> tuple[dict[str, list[str]], list[float]]:
    rankings: dict[str, list[str]] = {}
    milliseconds: list[float] = []
    for query in asked:
        began = time.perf_counter()
        found = system.search(query.text, CHUNKS)
        milliseconds.append((time.perf_counter() - began) * 1000)
        rankings[query.id] = documents(found)
    return rankings, milliseconds


def peak_mib() -> float:
    """Return the most memory this process has had, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
