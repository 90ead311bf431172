"""The machine a benchmark ran on, in words."""

import os
import platform
import re
from pathlib import Path


def processors() -> str:
    """Return how many cores there are for this process, and of what kind."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores ({model[1] if model else platform.machine()})"


def memory_and_system() -> str:
    """Return the memory, the operating system and the version of Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{memory:.0f} GiB of memory; {platform.system()}; Python {platform.python_version()}"


def load() -> str:
    """Return the load of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"
