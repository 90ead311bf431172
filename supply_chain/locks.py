"""What is shipped: the packages of the locks that images and `make run` install from."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

SHIPPED = tuple(Path("requirements", name) for name in ("auth.txt", "api.txt", "run.txt"))

_PIN = re.compile(r"^([a-z0-9_.-]+)==(\S+)", re.MULTILINE)


def packages(locks: Iterable[Path] = SHIPPED) -> Mapping[str, str]:
    """Return the version of each package by its name, sorted."""
    found = {
        name: version
        for lock in locks
        for name, version in _PIN.findall(lock.read_text(encoding="utf-8"))
    }
    return dict(sorted(found.items()))
