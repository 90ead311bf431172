"""The containers of a copy of the repository, and their processes as the host sees them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

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

    def inspect(self, service: str, template: str) -> str:
        """Return what `docker inspect` says of a service's container; "" where there is none."""
        container = self.compose("ps", "--all", "-q", service).stdout.strip()
        command = ["docker", "inspect", "-f", template, container]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def address(self, service: str) -> str:
        """Return the address of a service's container, as the host reaches it."""
        return self.inspect(service, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    def main_process(self, service: str) -> int:
        """Return the process id, on the host, of what a service's container runs beneath init."""
        first = int(self.inspect(service, "{{.State.Pid}}"))
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        init = Path(f"/proc/{first}/comm").read_text().strip()
        return int(children[0]) if init == "docker-init" else first


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
