"""What the README and the pages in docs name is there: links, routes, settings, make's targets."""

import re
from functools import cache
from pathlib import Path

import pytest
from fastapi import FastAPI

from api_service.app import create_app as create_api
from auth_service.app import create_app as create_auth
from tests.api_service.service import make_settings as api_settings
from tests.auth_service.service import make_settings as auth_settings
from tests.contract.test_env_example import SETTINGS
from tests.contract.test_problems import DOCUMENTED
from tests.journeys.places import slug
from tests.journeys.readme import CHECKOUT, pages

PAGES = [*pages(), "CONTRIBUTING.md", "SECURITY.md"]
# Both services': told in a sentence of their own.
BOTH = {"GET /health", "GET /health/live", "GET /health/serving", "GET /ready"}
# A page for people, which the API's description leaves out.
FOR_PEOPLE = {"GET /error"}

_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FIRST_CELL = re.compile(r"^\| (`.+?`) \|", re.MULTILINE)
_SETTING = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9<>]+)+)")
_TARGET = re.compile(r"\bmake ([a-z][a-z-]+)(?=[\s`)])")


@cache
def text(page: str) -> str:
    return (CHECKOUT / page).read_text(encoding="utf-8")


def routes(table: str, *, below: str = "") -> set[str]:
    """Return the routes of a table: in a cell, a path without a method has the one before."""
    found = set()
    for cell in _FIRST_CELL.findall(table):
        method = ""
        for route in re.findall(r"`([^`]+)`", cell):
            said, _, path = route.rpartition(" ")
            method = said or method
            found.add(f"{method} {below}{path}")
    return found


def served(app: FastAPI) -> set[str]:
    return {
        f"{method.upper()} {path.removeprefix('/api/auth')}"
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for address, anchor in _LINK.findall(text(page)):
        target = ((CHECKOUT / page).parent / address).resolve() if address else CHECKOUT / page
        assert target.exists(), address
        if anchor:
            headings = _HEADING.findall(text(target.relative_to(CHECKOUT).as_posix()))
            assert anchor in map(slug, headings), anchor


def test_every_page_is_a_click_or_two_from_the_readme() -> None:
    def linked(page: str) -> set[str]:
        folder = (CHECKOUT / page).parent
        found = {(folder / address).resolve() for address, _ in _LINK.findall(text(page))}
        return {path.relative_to(CHECKOUT).as_posix() for path in found if path.is_file()}

    first = linked("README.md")
    second = {found for page in first if page.endswith(".md") for found in linked(page)}

    assert set(PAGES) - {"README.md"} - first - second == set()


@pytest.mark.parametrize("page", ["README.md", "docs/settings.md"])
def test_every_setting_in_a_table_is_one(page: str) -> None:
    named = {name for cell in _FIRST_CELL.findall(text(page)) for name in _SETTING.findall(cell)}

    assert named
    assert named - set(SETTINGS) == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_is_one(page: str) -> None:
    targets = re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE)

    assert set(_TARGET.findall(" ".join(re.findall(r"`[^`]+`", text(page))))) <= set(targets)


def test_every_route_of_auth_service_is_on_the_page_of_endpoints() -> None:
    of_auth, _ = text("docs/endpoints.md").split("\napi-service, with")
    of_readers, of_admins = of_auth.split("under `/admin`")
    told = routes(of_readers) | routes(of_admins, below="/admin")

    app = create_auth(auth_settings("postgresql://host/database"))
    assert told == served(app) - BOTH | FOR_PEOPLE


def test_every_problem_is_on_the_page_of_endpoints_with_its_status() -> None:
    _, table = text("docs/endpoints.md").split("\n### Refusals")
    told = set()
    for kinds, statuses in re.findall(r"^\| (`[^|]+`) \| ([0-9, ]+) \|", table, re.MULTILINE):
        each = re.findall(r"`([^`]+)`", kinds)
        numbers = [int(status) for status in statuses.split(", ")]
        told |= set(zip(each, numbers * (1 if len(numbers) > 1 else len(each)), strict=True))

    assert told == {
        (kind.removeprefix("/problems/"), status) for status, kind, _ in DOCUMENTED.values()
    }


def test_every_route_of_api_service_is_on_the_page_of_endpoints(tmp_path: Path) -> None:
    _, of_api = text("docs/endpoints.md").split("\napi-service, with")
    of_api, _ = of_api.split("\n### Refusals")

    assert routes(of_api) == served(create_api(api_settings(tmp_path))) - BOTH
