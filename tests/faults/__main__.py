"""`make reliability`: go through the whole matrix, and write docs/reliability.md.

python -m tests.faults [NAME ...]     of these dependencies alone; the rest stays as it was
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.faults.dependencies import DEPENDENCIES
from tests.faults.page import PAGE, written
from tests.faults.row import row

AT_ONCE = 4
"""Dependencies; of more, each would measure what the others take of the machine."""

_NAMES = [each.name for each in DEPENDENCIES]


def main() -> None:
    """Go through the cells, those of several dependencies side by side."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_NAMES))
    names: list[str] = parser.parse_args().names or _NAMES
    if unknown := set(names) - set(_NAMES):
        parser.error(f"no dependency is called {', '.join(sorted(unknown))}")
    # In processes of their own, so that none is late because another begins; they mostly wait.
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as processes:
        rows = dict(zip(names, [processes.submit(row, name) for name in names], strict=True))
    wrong = [f"{name}: {row.exception()}" for name, row in rows.items() if row.exception()]
    if wrong:
        sys.exit("\n".join(wrong))
    page = PAGE.read_text("utf-8") if PAGE.exists() else ""
    sections = {name: row.result() for name, row in rows.items()}
    page = written(sections, _NAMES, page)
    PAGE.write_text(page, "utf-8")
    if missing := [name for name in _NAMES if f"\n## {name}\n" not in page]:
        sys.exit(f"{PAGE.name} still lacks {', '.join(missing)}")


if __name__ == "__main__":
    main()
