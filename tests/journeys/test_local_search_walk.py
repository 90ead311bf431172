"""What docs/book.md says of books and search, run as it stands but for the model's folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api_service.evaluation.sets import write_set
from tests.journeys.readme import CHECKOUT, commands

MODEL = CHECKOUT.parent / "shared" / "data" / "models" / "all-MiniLM-L6-v2-int8"


def run(command: str, folder: Path, **environment: str) -> str:
    kept = {name: os.environ[name] for name in ("HOME",) if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**kept, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_book_is_ingested_with_a_model_on_this_machine(tmp_path: Path) -> None:
    if not MODEL.is_dir():
        pytest.skip(f"needs the sentence encoder in {MODEL.relative_to(CHECKOUT.parent)}")
    (ingest,) = commands("docs/book.md")["Search without a key"]
    assert "/path/to/all-MiniLM-L6-v2" in ingest

    command = ingest.replace("/path/to/all-MiniLM-L6-v2", str(MODEL))
    run(command, CHECKOUT, DATA_DIR=str(tmp_path), LOG_FORMAT="json")

    assert any(tmp_path.iterdir())


def test_one_of_several_books_is_ingested_by_its_name(tmp_path: Path) -> None:
    (ingest,) = commands("docs/book.md")["Several books"]
    pages = tmp_path / "arms" / "docs"
    pages.mkdir(parents=True)
    (pages / "grippers.md").write_text("# Grippers\n\nThey hold.\n", encoding="utf-8")

    assert "1 page" in run(ingest, tmp_path, DATA_DIR="data")
    again = run(ingest.replace("BOOK=arms ", "BOOK=legs "), tmp_path, DATA_DIR="data")
    assert "Written 1, removed 0" in again


def test_questions_are_measured_and_the_run_is_written(tmp_path: Path) -> None:
    (measure,) = commands("docs/book.md")["How well questions find their passages"]
    questions = tmp_path / "my-questions"
    questions.mkdir()
    write_set(questions)

    assert "nDCG@10" in run(measure, tmp_path)

    # Searched by terms alone, a question in other words finds nothing.
    assert (tmp_path / "my-questions.run").read_text().startswith("q2 Q0 d2 1 ")


def test_questions_drafted_from_the_example_book_can_be_measured(tmp_path: Path) -> None:
    (measure,) = commands("docs/book.md")["How well questions find their passages"]
    (draft,) = commands("docs/book.md")["Questions of your own"]
    run(draft.replace("examples/book", str(CHECKOUT / "examples/book")), tmp_path)

    assert "40 judged queries" in run(measure, tmp_path)
