"""How many files, and so connections, this process may have open."""

import resource

FILES = 65536
"""As many as are asked for; each costs the kernel a little where it is used."""

KEPT = 256
"""Those that are kept for what is no caller's: pools, logs, the index."""


def raise_limit() -> None:
    """Have as many files as the system lets a process have without asking, 65,536 at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections(asked: int) -> int:
    """Return how many connections there can be, beside everything else that is open; at least 1."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return asked if soft == resource.RLIM_INFINITY else max(1, min(asked, soft - KEPT))
