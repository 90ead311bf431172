import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from api_service.evaluation.judged_sets import Passage, read_set
from benchmarks.retrieval.figures import Cut, Indexed, Page, Piece
from benchmarks.retrieval.worker import cut, index
from tests.api_service.evaluation.sets import write_set
from tests.api_service.ingestion.books import write_book
from tests.api_service.models import MODEL, needs_model

CHECKOUT = Path(__file__).parents[3]


class Listing:
    """A system that finds every document, in the order they were given; it tells what it did."""

    ways = ("default", "other")

    def __init__(self) -> None:
        self.done: list[str] = []
        self._documents: list[str] = []

    def cut(self, folder: Path) -> list[Page]:
        return [
            Page(file.name, None, (Piece(file.read_text(), (), ""),)) for file in folder.iterdir()
        ]

    def build(self, passages: Sequence[Passage], way: str) -> int:
        self.done.append(f"build {way}")
        self._documents = [passage.id for passage in passages]
        return len(passages)

    def search(self, question: str, limit: int) -> list[str]:
        self.done.append(f"search {question}")
        return self._documents[:limit]

    def forget(self, texts: Sequence[str]) -> None:
        self.done.append(f"forget {len(texts)}")

    def close(self) -> None:
        self.done.append("close")


def test_each_way_is_built_and_searched_with_and_without_known_vectors(tmp_path: Path) -> None:
    system = Listing()
    figures = index(system, read_set(write_set(tmp_path)), questions=1)

    assert [searched.way for searched in figures.ways] == ["default", "other"]
    asked = "search How far away is it?"
    for way, start in (("default", 0), ("other", 5)):
        assert system.done[start:][:5] == [
            "forget 1",
            f"build {way}",
            asked,
            f"build {way}",
            asked,
        ]
    first, second = figures.ways
    assert first.rankings == {"q1": ["d1", "d2", "d3"]}
    assert first.embedding_seconds is not None
    assert second.embedding_seconds is None
    assert len(second.milliseconds) == len(second.known_milliseconds) == 1
    assert figures.peak_mib > 1


def test_a_book_is_cut_with_its_characters_counted(tmp_path: Path) -> None:
    book = write_book(tmp_path, {"a.md": "# Ä\n\nText.", "b.md": "# B"})
    figures = cut(Listing(), book)
    assert figures.characters == 13
    assert len(figures.pages) == 2


def measured(folder: Path, *arguments: str) -> str:
    output = folder / "figures.json"
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.retrieval.worker", "ours"),
            *("--model", str(MODEL), "--output", str(output), *arguments),
        ],
        check=True,
        cwd=CHECKOUT,
    )
    return output.read_text()


@needs_model
def test_the_product_is_measured_as_a_system(tmp_path: Path) -> None:
    pytest.importorskip("fastembed", reason="needs the extra `local`")
    text = measured(tmp_path, "--data", str(write_set(tmp_path)))
    figures = TypeAdapter(Indexed).validate_json(text)

    assert [searched.chunks for searched in figures.ways] == [3, 3, 3]
    assert figures.ways[0].rankings["q2"][0] == "d2"
    assert figures.ways[2].rankings == figures.ways[0].rankings


@needs_model
def test_the_products_chunks_carry_what_they_are_judged_by(tmp_path: Path) -> None:
    pytest.importorskip("fastembed", reason="needs the extra `local`")
    book = write_book(tmp_path, {"a.md": "# Arms\n\nText.\n\n## Elbow\n\nIt bends."})
    text = measured(tmp_path, "--book", str(book))
    figures = TypeAdapter(Cut).validate_json(text)

    (page,) = figures.pages
    assert page.title == "Arms"
    assert [piece.heading_path for piece in page.pieces] == [("Arms",), ("Arms", "Elbow")]
    assert page.pieces[1].embedded == "Arms > Elbow\nIt bends."
    assert figures.characters == 34
