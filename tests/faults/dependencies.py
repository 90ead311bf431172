"""The dependencies, in the order of the page."""

from typing import Any

from tests.faults.cells import Dependency
from tests.faults.postgres import POSTGRES

DEPENDENCIES: tuple[Dependency[Any], ...] = (POSTGRES,)
