import re
import subprocess
import sys
from pathlib import Path

from tests.api_service.evaluation.sets import write_set


def test_the_time_of_searches_is_measured_on_a_running_service(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.search", "--questions", "20", "--data"]
    run = subprocess.run(
        [*command, str(write_set(tmp_path))], capture_output=True, text=True, check=False
    )

    assert re.fullmatch(
        r"3 chunks, 20 questions, bm25: p50 \d+\.\d\d ms, p95 \d+\.\d\d ms, p99 \d+\.\d\d ms\n",
        run.stdout,
    ), run.stderr
