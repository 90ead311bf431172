"""Environments of their own for what a benchmark needs and the project does not."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.failure import BenchmarkFailed


def installed(requirements: Path, folder: Path) -> Path:
    """Return the bin folder of an environment with what a lock names, made unless it is there.

    Args:
        requirements: A lock, with hashes.
        folder: The environment's own; cleared where it holds another lock's.

    Raises:
        BenchmarkFailed: Something cannot be installed.
    """
    bin_folder = folder / "bin"
    stamp = folder / ".installed"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return bin_folder
    sys.stderr.write(f"Installing what {requirements.parent.name} needs into {folder} ...\n")
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(bin_folder / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    done = subprocess.run(  # noqa: S603 -- our own command
        [*pip, "-r", str(requirements)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchmarkFailed(f"{requirements} cannot be installed: {done.stderr[-2000:]}")
    stamp.write_text(wanted, encoding="utf-8")
    return bin_folder
