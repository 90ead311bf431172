"""docs/reference-to-tests.md leads from each row of the reference to tests that are there."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from auth_service.app import create_app
from auth_service.error_codes import Code
from tests.auth_service.service import make_settings

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "reference-to-tests.md").read_text(encoding="utf-8")
TABLES = PAGE.split("\n## Codes of the reference", maxsplit=1)[0]
REFERENCE = CHECKOUT.parent / "shared" / "reference" / "better-auth-http.md"

CODE = re.compile(r"\b[A-Z]{3,}(?:_[A-Z]+)+\b")
ROUTE = re.compile(r"\b(?:GET|POST) /[\w/{}:-]+")
# Written like codes in the reference, but settings, or a column's default.
NO_CODES = {"BETTER_AUTH_SECRETS", "BETTER_AUTH_TRUSTED_ORIGINS", "CURRENT_TIMESTAMP", "NODE_ENV"}
# Our own codes: for what the reference leaves open.
OWN_CODES = {
    "INTERNAL_SERVER_ERROR",
    "NOT_FOUND",
    "PASSWORD_COMPROMISED",
    "PAYLOAD_TOO_LARGE",
    "SERVICE_UNAVAILABLE",
    "TOO_MANY_REQUESTS",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the page: what it says, and the tests it names as (file, test)."""

    said: str
    tests: tuple[tuple[str, str], ...]

    @property
    def literals(self) -> list[str]:
        """What the row has in code: a route without its method and parameters, or a text."""
        found = re.findall(r"`([^`]+)`", self.said)
        return [re.sub(r"^(GET|POST) /|/\{\w+\}$", "", literal) for literal in found]


def rows() -> list[Row]:
    lines = [line for line in TABLES.splitlines() if line.startswith("| ") and "::" in line]
    cells = [line.strip("| ").split(" | ") for line in lines]
    return [Row(said, tuple(re.findall(r"`([\w/.]+)::(\w+)`", named))) for said, named in cells]


ROWS = rows()


def path_of(file: str) -> Path:
    inside = CHECKOUT / "tests" / "auth_service" / file
    return inside if inside.exists() else CHECKOUT / file


@cache
def definitions(path: Path) -> dict[str, ast.stmt]:
    """Return what a file defines or imports, by name."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[node.name] = node
            case ast.Assign():
                found |= {name.id: node for name in node.targets if isinstance(name, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = node
            case ast.ImportFrom():
                found |= {alias.name: node for alias in node.names}
    return found


@cache
def texts_of(path: Path, name: str) -> str:
    """Return all texts and attributes in a test and in what of our tests it makes use of."""
    texts: list[str] = []
    seen: set[tuple[Path, str]] = set()
    waiting = [(path, name)]
    while waiting:
        place = waiting.pop()
        node = definitions(place[0]).get(place[1])
        if node is None or place in seen:
            continue
        seen.add(place)
        if isinstance(node, ast.ImportFrom):
            module = CHECKOUT.joinpath(*str(node.module).split(".")).with_suffix(".py")
            if str(node.module).startswith("tests.") and module.exists():
                waiting.append((module, place[1]))
            texts.append(place[1])
            continue
        for part in ast.walk(node):
            match part:
                case ast.Constant(value=str(text)):
                    texts.append(text)
                case ast.Constant(value=None):
                    texts.append("null")
                case ast.Name(id=used) | ast.arg(arg=used):
                    waiting.append((place[0], used))
                case ast.keyword(arg=str(member)) | ast.Attribute(attr=member):
                    texts.append(member)
    return "\n".join(texts)


def reference() -> str:
    if not REFERENCE.exists():
        pytest.skip("the reference is not at hand: ../shared/reference/better-auth-http.md")
    return REFERENCE.read_text(encoding="utf-8")


def section(number: str) -> str:
    """Return a chapter of the reference, with what is below it."""
    return re.split(
        r"^## ", reference().split(f"\n## {number}. ", 1)[1], maxsplit=1, flags=re.MULTILINE
    )[0]


def test_the_page_is_read_as_it_is_written() -> None:
    assert len(ROWS) == TABLES.count("\n| ") - 2 * TABLES.count("\n| --- |")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.said)
def test_a_row_names_tests_that_exist(row: Row) -> None:
    assert row.tests
    for file, name in row.tests:
        assert name.startswith("test_")
        assert name in definitions(path_of(file)), f"{file}::{name}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.said)
def test_what_a_row_has_in_code_stands_in_its_tests(row: Row) -> None:
    texts = "\n".join(texts_of(path_of(file), name) for file, name in row.tests).lower()
    assert not [literal for literal in row.literals if literal.lower() not in texts]


def test_every_route_served_has_a_row() -> None:
    paths = create_app(make_settings("postgresql://host/database")).openapi()["paths"]
    served = {
        f"{method.upper()} {path.removeprefix('/api/auth')}"
        for path, operations in paths.items()
        for method in operations
    }
    own = {"GET /health/live", "GET /health/serving", "GET /ready"}
    assert served - set(ROUTE.findall(PAGE)) == own


def test_every_code_said_has_a_row() -> None:
    named = {literal for row in ROWS for literal in row.literals}
    assert {code.name for code in Code} - OWN_CODES <= named


def test_every_route_of_the_reference_has_a_row() -> None:
    asked = {route for number in range(1, 10) for route in ROUTE.findall(section(str(number)))}
    asked |= {"GET /list-accounts", "GET /ok", "GET /error", "GET /jwt", "GET /health"}
    asked = {re.sub(r":(\w+)", r"{\1}", route).replace("/api/auth", "") for route in asked}
    assert len(asked) > 20
    assert asked - set(ROUTE.findall(PAGE)) == set()


def test_every_code_of_the_reference_has_a_row() -> None:
    asked = {code for number in range(1, 10) for code in CODE.findall(section(str(number)))}
    assert len(asked) > 40
    assert asked - NO_CODES - set(CODE.findall(PAGE)) == set()


def test_every_section_of_the_reference_has_a_row() -> None:
    headings = re.findall(r"^###? (\d+(?:\.\d+)?)", reference(), re.MULTILINE)
    asked = {number for number in headings if int(number.split(".")[0]) <= 9}
    asked |= {"10.3", "11", "13", "14", "15", "16"}
    told = {row.said.split(" ")[0] for row in ROWS}
    # A chapter whose rows are all in its sections has none of its own.
    assert {number for number in asked - told if f"{number}.1" not in asked} == set()


def test_every_validation_text_of_the_reference_has_a_row() -> None:
    chapter = section("1").split("### 1.4")[1].split("### 1.5")[0]
    texts = {"Invalid email address", "Too small: expected string to have >=1 characters"}
    assert texts <= set(re.findall(r"`([^`]+)`", chapter))
    types = re.search(r"\(types: ([\w, \n]+)\)", chapter)
    assert types is not None
    told = " ".join(row.said for row in ROWS if row.said.startswith("1.4"))
    for text in texts | set(re.split(r",\s+", types[1])):
        assert text in told
