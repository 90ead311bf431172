import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.scaling.measuring import measure
from benchmarks.scaling.synthetic import Library, vocabulary
from tests.api_service.qdrant_server import qdrant_server

ROOT = Path(__file__).parents[3]


def table(*arguments: str, qdrant_url: str = "") -> list[list[str]]:
    """Run the command; return the rows of its table, without the head."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QDRANT_URL": qdrant_url}
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.scaling", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in said[2:]]


def test_the_command_prints_a_row_for_each_size() -> None:
    rows = table("100", "300", "--dimensions", "8")
    assert [row[0] for row in rows] == ["100", "300"]
    assert all(cell for row in rows for cell in row)


def test_without_vectors_there_is_no_hybrid_search() -> None:
    ((chunks, dimensions, _, terms_ms, hybrid_ms, *_),) = table("100", "--dimensions", "0")
    assert (chunks, dimensions, hybrid_ms) == ("100", "", "")
    assert float(terms_ms) > 0


async def test_a_server_is_measured_but_for_its_disk(tmp_path: Path) -> None:
    with qdrant_server(tmp_path / "storage") as url:
        measured = await measure(200, 8, url)
    assert measured.chunks == 200
    assert measured.hybrid_ms is not None
    assert measured.disk_mb is None


def test_the_same_size_is_the_same_library() -> None:
    first, second = (list(Library(50, 4).chunks()) for _ in range(2))
    assert first == second
    assert len({one.chunk.id for one in first}) == 50
    mean = sum(len(one.terms.indices) for one in first) / 50
    assert 60 < mean < 140


@pytest.mark.parametrize(("fewer", "more"), [(1_000, 10_000), (10_000, 100_000)])
def test_a_larger_library_has_more_words_but_not_as_many_more(fewer: int, more: int) -> None:
    assert vocabulary(fewer) < vocabulary(more) < 10 * vocabulary(fewer)
