import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_small_run_prints_every_part_and_writes_no_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.chat", "--small", "--output", str(page)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    parts = [line for line in run.stdout.splitlines() if line.startswith("### ")]
    assert parts == [
        "### The first word",
        "### Many streams at once",
        "### A reader leaves",
        "### Whole answers",
    ]
    assert "| `/v1/chat/stream` | 2 |" in run.stdout
    assert not page.exists()
