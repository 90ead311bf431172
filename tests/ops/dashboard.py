"""The Grafana dashboard, as tests and pictures read it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.ops.prometheus_server import OPS

_LABEL = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        row: The row it is in.
        title: Its own.
        unit: Grafana's name of its values' unit.
        targets: Each expression and the legend of its series.
    """

    row: str
    title: str
    unit: str
    targets: tuple[tuple[str, str], ...]


def panels() -> Iterator[Panel]:
    row = ""
    told: dict[str, Any] = json.loads((OPS / "grafana" / "dashboard.json").read_text())
    for panel in told["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
            continue
        targets = tuple((each["expr"], each["legendFormat"]) for each in panel["targets"])
        yield Panel(row, panel["title"], panel["fieldConfig"]["defaults"]["unit"], targets)


def asked(expression: str, window: str) -> str:
    """Return an expression as Grafana sends it, with the time it rates over."""
    return expression.replace("$__rate_interval", window)


def labels(legend: str) -> set[str]:
    """Return the labels a legend names."""
    return set(_LABEL.findall(legend))


def legend(template: str, of: dict[str, str]) -> str:
    """Return a series' legend."""
    return _LABEL.sub(lambda found: of.get(found[1], ""), template)
