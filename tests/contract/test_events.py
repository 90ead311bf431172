"""docs/logs.md lists the names of all events, which operators search for and build alerts on."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.auth_service.service import CHECKOUT

PACKAGES = ("service_kit", "auth_service", "api_service", "standalone")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
NAME = re.compile(r"[a-z]+(_[a-z]+)*")


def events_of(source: str) -> Iterator[tuple[str, str]]:
    """Yield the events a module logs, with their levels."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first = node.args[0]
        said = first.value if isinstance(first, ast.Constant) else None
        match node.func:
            case ast.Attribute(value=ast.Name(id="log"), attr=level) if level in LEVELS:
                assert isinstance(said, str), f"an event without a name: {ast.unparse(node)}"
                yield said, level
            case ast.Name(id="write") if isinstance(said, str):  # of two levels
                yield said, "info"
            case _:
                pass


def logged() -> dict[str, set[str]]:
    found = defaultdict(set)
    for package in PACKAGES:
        for file in sorted((CHECKOUT / package).rglob("*.py")):
            for event, level in events_of(file.read_text()):
                assert NAME.fullmatch(event), f"no name of an event: {event}"
                found[event].add(level)
    return dict(found)


def listed() -> dict[str, set[str]]:
    section = (CHECKOUT / "docs" / "logs.md").read_text().partition("## Events")[2]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)
    commands = section.partition("Of commands:")[2]
    found = {event: {level} for event, level in rows}
    assert len(found) == len(rows), "an event is listed twice"
    return found | {event: {"info"} for event in re.findall(r"`(\w+_\w+)`", commands)}


def test_every_event_is_listed_with_its_level_and_no_other() -> None:
    assert listed() == logged()
