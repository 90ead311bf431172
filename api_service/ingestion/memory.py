"""How much memory a process has had."""

import resource
import sys
from pathlib import Path


def peak_memory() -> int:
    """Return the most memory this process has had resident, in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:  # not Linux
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    # Not getrusage, which counts what the process was before it became this program.
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
