"""Packages from npm, installed beside the script of ours that uses them."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

SECONDS = 180


def script_beside(package: str, script: Path, folder: Path) -> Path:
    """Install a package, such as "ai@6.0.326", into a folder; return the script's copy in it.

    The test is skipped where that cannot be done.
    """
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            _cannot_run(f"needs Node.js: {command} is not installed")
    options = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
    try:
        done = subprocess.run(
            ["npm", "install", *options, "--prefix", str(folder), package],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        _cannot_run(f"needs {package}: npm did not install it in time; offline?")
    if done.returncode != 0:
        _cannot_run(f"needs {package}, which npm could not install; offline?\n{done.stderr[-500:]}")
    return Path(shutil.copy(script, folder))


def _cannot_run(reason: str) -> NoReturn:
    """Skip; but where the tests guard every change, they must run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
