"""All faults of one dependency, in a process of its own."""

import asyncio
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.cells import FAULTS, Fault
from tests.faults.dependencies import DEPENDENCIES
from tests.faults.matrix import gone_through, warmed
from tests.faults.page import section


def row(name: str, faults: Iterable[Fault] = tuple(FAULTS)) -> str:
    """Go through the faults of a dependency, one after another; return its section of the page.

    Raises:
        AssertionError: Something was not as documented.
    """
    return asyncio.run(_row(name, faults))


async def _row(name: str, faults: Iterable[Fault]) -> str:
    (dependency,) = (each for each in DEPENDENCIES if each.name == name)
    seen = {}
    with TemporaryDirectory(prefix="faults-") as folder:
        async with dependency.running(Path(folder)) as site:
            await warmed(dependency, site)
            for fault in faults:
                seen[fault] = await gone_through(dependency, site, fault)
                sys.stderr.write(f"{name}, {fault}: {seen[fault]}\n")
    return section(dependency, seen, on=datetime.now(UTC).date())
