"""The dependencies, in the order of the page."""

from typing import Any

from tests.faults.cells import Dependency
from tests.faults.postgres import POSTGRES
from tests.faults.redis import ANSWERS, SIGN_INS

DEPENDENCIES: tuple[Dependency[Any], ...] = (POSTGRES, SIGN_INS, ANSWERS)
