"""A part of the matrix: each dependency with two faults or more.

`make reliability` goes through all of it.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.auth_service import REQUIRED
from tests.faults.cells import Dependency, Site
from tests.faults.dependencies import DEPENDENCIES
from tests.faults.matrix import gone_through, warmed

QUICK = [each for each in DEPENDENCIES if each.quick]

PATIENCE_SECONDS = 10.0
"""What other tests on the same machine, and these beside one another, may cost."""


@pytest.mark.timeout(300)
async def test_each_dependency_with_a_fault_is_answered_for_as_documented_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        sites = {}
        for number, dependency in enumerate(QUICK):
            folder = tmp_path / str(number)
            folder.mkdir()
            sites[dependency.name] = await stack.enter_async_context(dependency.running(folder))
        # Side by side, for most of it is waiting.
        await asyncio.gather(*(_row(each, sites[each.name]) for each in QUICK))


def test_no_dependency_is_spared() -> None:
    assert all(len(set(each.quick)) >= 2 for each in QUICK)
    assert [each.name for each in DEPENDENCIES if not each.quick] == [REQUIRED.name]


async def _row(dependency: Dependency[Any], site: Site) -> None:
    await warmed(dependency, site)
    for fault in dependency.quick:
        await gone_through(dependency, site, fault, patience=PATIENCE_SECONDS)
