"""docs/reliability.md has every dependency with every fault, and says what the matrix asks for."""

import re
from typing import Any

import pytest

from tests.faults.cells import FAULTS, Dependency
from tests.faults.dependencies import DEPENDENCIES
from tests.faults.page import PAGE, documented

_NUMBER = re.compile(r"(\d+\.\d) s$")


def part(dependency: Dependency[Any]) -> str:
    """Return what the page says of a dependency."""
    _, _, text = PAGE.read_text("utf-8").partition(f"\n## {dependency.name}\n")
    return text.partition("\n## ")[0]


def seconds(cell: str) -> float:
    """Return the time that ends a cell."""
    if cell.endswith("at once"):
        return 0.0
    (found,) = _NUMBER.findall(cell)
    return float(found)


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda each: each.name)
def test_the_page_says_what_is_documented_of_a_dependency(dependency: Dependency[Any]) -> None:
    text = part(dependency)

    assert dependency.prose in text
    assert "\n".join(documented(dependency)) in text


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda each: each.name)
def test_every_fault_of_a_dependency_was_gone_through_and_answered_so(
    dependency: Dependency[Any],
) -> None:
    lines = [line for line in part(dependency).splitlines() if line.startswith("| ")]
    rows = {line[0]: line[1:] for line in (line.strip("| ").split(" | ") for line in lines)}

    for fault in FAULTS:
        *answers, recovered, left = rows[fault]
        for question, cell in zip(dependency.questions, answers, strict=True):
            text, _, took = cell.rpartition(", ")
            assert text == question.documented(fault)
            assert seconds(took) <= question.seconds
        assert seconds(recovered) <= dependency.recovery
        assert re.fullmatch(r"[+-]\d+ tasks, [+-]\d+ files, [+-]\d+\.\d MB", left)


def test_the_page_speaks_of_no_other_dependency() -> None:
    told = re.findall(r"^## (.+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)

    assert told == [each.name for each in DEPENDENCIES]
