"""The containers of a copy of the repository, and their processes as the host sees them."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journeys.readme import CHECKOUT


@dataclass(frozen=True, slots=True)
class Stack:
    """The containers of one copy of the repository.

    Attributes:
        folder: The copy.
        options: What every `docker compose` is told first.
    """

    folder: Path
    options: tuple[str, ...] = ()

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "compose", *self.options, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=check,
            timeout=600,
        )

    def run(self, command: str) -> None:
        """Run a command of a page in the copy's folder."""
        subprocess.run(
            ["bash", "-euc", command], cwd=self.folder, check=True, capture_output=True, timeout=300
        )

    def containers(self, *services: str) -> list[str]:
        """Return the id of each service's container; it stays through restarts."""
        return [self.compose("ps", "--all", "-q", name).stdout.strip() for name in services]

    def main_process(self, service: str) -> int:
        """Return the process id, on the host, of what a service's container runs beneath init."""
        (pid,) = inspected("{{.State.Pid}}", *self.containers(service))
        first = int(pid)
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        init = Path(f"/proc/{first}/comm").read_text().strip()
        return int(children[0]) if init == "docker-init" else first


def inspected(template: str, *containers: str) -> list[str]:
    """Return what `docker inspect` says of each container."""
    command = ["docker", "inspect", "-f", template, *containers]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[
        : len(containers)
    ]


def addresses(*containers: str) -> list[str]:
    """Return the address of each container as the host reaches it; "" of one that is down."""
    return inspected("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", *containers)


def copy_of_the_repository(folder: Path) -> Path:
    """Copy the repository's files into a folder, as a clone would have them, and return it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name)
    return folder


def resident_megabytes(process: int) -> float:
    """Return the memory that a process of the host occupies now."""
    (line,) = (
        line
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    )
    return int(line.split()[1]) / 1024


def killed(process: int) -> tuple[float, float]:
    """Kill a process of the host, as root; return when, and when it was gone."""
    if os.geteuid() != 0:
        pytest.skip("killing a container's process from the host takes root")
    began = time.monotonic()
    os.kill(process, 9)
    while Path(f"/proc/{process}").exists():
        time.sleep(0.001)
    return began, time.monotonic()
