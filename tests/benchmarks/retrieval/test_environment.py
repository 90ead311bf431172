import sys
from pathlib import Path

import pytest

from benchmarks.failure import BenchmarkFailed
from benchmarks.retrieval.environment import (
    REQUIREMENTS,
    own_python,
    run,
    versions,
)
from benchmarks.retrieval.systems import SYSTEMS


def test_a_process_finds_the_project_only_where_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "found.py").write_text("print('here')")
    assert run([sys.executable, "-m", "found"], checkout=tmp_path) == "here\n"
    with pytest.raises(BenchmarkFailed, match="No module named found"):
        run([sys.executable, "-m", "found"])


def test_versions_are_asked_of_the_environment() -> None:
    assert versions(own_python(), ["pytest"]) == {"pytest": pytest.__version__}


def test_every_framework_is_pinned() -> None:
    pinned = REQUIREMENTS.read_text()
    assert all(f"\n{entry.package}==" in pinned for entry in SYSTEMS if entry.package)
