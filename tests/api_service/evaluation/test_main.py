import subprocess
import sys
from pathlib import Path

import pytest

from tests.api_service.ingestion.books import write_book


def book_eval(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api_service.evaluation", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_figures_of_a_book_are_printed(tmp_path: Path) -> None:
    book = write_book(tmp_path, {"a.md": "# A\n\nText.\n\n```\ncode\n```\n\n## Empty\n"})
    done = book_eval("chunks", "--source", str(book))
    assert (done.returncode, done.stderr) == (0, "")
    for figure in ("fences whole          100.00 %  1 of 1", "over budget                0"):
        assert figure in done.stdout
    names = ("tables whole", "heading path right", "lines kept", "chunks/s", "Mchar/s")
    assert all(f"\n{name} " in done.stdout for name in names)
    assert "lost" not in done.stdout


def test_faults_are_named_on_request(tmp_path: Path) -> None:
    book = write_book(tmp_path, {"a.md": "# A\n\nText.\n\n## Empty\n"})
    done = book_eval("chunks", "--source", str(book), "--faults")
    assert "a.md, line 5: lost: 'empty'" in done.stdout


@pytest.mark.parametrize(
    ("options", "reason"),
    [(("--source", "missing"), "does not exist"), (("--max-tokens", "7"), "at least 50")],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(
    tmp_path: Path, options: tuple[str, str], reason: str
) -> None:
    book = write_book(tmp_path, {"a.md": "# A\n\nText."})
    done = book_eval("chunks", "--source", str(book), *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
