"""The tables of docs/security.md: every topic is there, and each is shown by a test or a reason."""

import re

import pytest

from tests.journeys.readme import CHECKOUT

SECTIONS = (5, 4, 7, 4, 4, 8, 6, 4, 2, 7, 7, 3, 4, 3, 4, 5, 3)
"""How many topics each chapter of ASVS 5.0 has, from the first."""

_ROW = re.compile(r"^\| ([\d.]+) ([^|]+) \| ([^|]*)\| ([^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`([a-z_/]+\.py)`")


def rows(heading: str) -> list[tuple[str, str, str, str]]:
    text = (CHECKOUT / "docs/security.md").read_text(encoding="utf-8")
    (section,) = re.findall(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return _ROW.findall(section)


ASVS = rows("OWASP ASVS 5.0")
RAG = rows("OWASP's cheat sheet on RAG")


def test_every_topic_of_the_standard_is_in_the_table() -> None:
    expected = [
        f"{chapter}.{topic}"
        for chapter, topics in enumerate(SECTIONS, start=1)
        for topic in range(1, topics + 1)
    ]

    assert [number for number, *_ in ASVS] == expected


def test_every_topic_of_the_cheat_sheet_is_in_the_table() -> None:
    assert [number for number, *_ in RAG] == [str(number) for number in range(1, 15)]


@pytest.mark.parametrize("row", [*ASVS, *RAG], ids=lambda row: f"{row[0]} {row[1]}")
def test_a_topic_is_shown_by_tests_that_are_there_or_has_a_reason(
    row: tuple[str, str, str, str],
) -> None:
    _, _, holds, shown = row
    named = _TEST.findall(shown)

    assert all((CHECKOUT / "tests" / test).is_file() for test in named), named
    assert named or len(shown.split()) > 2
    assert named or "**Open**" not in holds
    assert holds.strip() or not named
