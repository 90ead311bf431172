"""The frameworks' own environment, and processes in it and in ours."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.environment import installed
from benchmarks.failure import BenchmarkFailed

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

_SECONDS = 3600.0  # longer than any of them takes; a download that hangs must end some time
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "TQDM_DISABLE": "1",
    "PYTHONWARNINGS": "ignore",
}


def frameworks_python(folder: Path) -> Path:
    """Return the Python of an environment with the frameworks, made in folder unless it is there.

    Raises:
        BenchmarkFailed: They cannot be installed.
    """
    return installed(REQUIREMENTS, folder) / "python"


def run(command: list[str], *, checkout: Path | None = None) -> str:
    """Run a command to its end and return what it printed.

    Args:
        command: The program and its arguments.
        checkout: Where Python finds this project's packages, if it is to find them.

    Raises:
        BenchmarkFailed: It failed, or did not end.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if checkout:
        environment |= {"PYTHONPATH": str(checkout), **_QUIET}
    try:
        done = subprocess.run(  # noqa: S603 -- our own commands
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkFailed(f"{' '.join(command)} did not end.") from error
    if done.returncode != 0:
        raise BenchmarkFailed(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    return done.stdout


def versions(python: Path, packages: list[str]) -> dict[str, str]:
    """Return the installed version of each package of an environment."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    return dict(zip(packages, run([str(python), "-c", code, *packages]).split(), strict=True))


def own_python() -> Path:
    """Return the Python that runs this."""
    return Path(sys.executable)
