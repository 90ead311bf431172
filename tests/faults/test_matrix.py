"""A part of the matrix: each dependency with the faults that take no time.

`make reliability` goes through all of it.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.cells import Dependency
from tests.faults.dependencies import DEPENDENCIES
from tests.faults.matrix import gone_through, warmed


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda each: each.name)
async def test_with_a_fault_it_is_answered_as_documented_and_nothing_is_left(
    dependency: Dependency[Any], tmp_path: Path
) -> None:
    async with dependency.running(tmp_path) as site:
        await warmed(dependency, site)
        for fault in dependency.quick:
            await gone_through(dependency, site, fault)
