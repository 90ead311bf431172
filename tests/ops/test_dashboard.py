"""The dashboard and the alerts ask for what the services tell, and a real Prometheus answers."""

import asyncio
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from api_service.metrics import METRICS as API
from auth_service.metrics import METRICS as AUTH
from service_kit.metrics import Histogram
from tests.ops.dashboard import asked, labels, panels
from tests.ops.monitored import Site, monitored, used
from tests.ops.prometheus_server import OPS, binary

METRICS = {metric.name: metric for metric in (*AUTH, *API)}
RULES = OPS / "prometheus" / "alerts.yml"
SECONDS = 12.0
PATIENCE = 30.0
WINDOW = "10s"

_FAMILIES = "http|auth|api|event_loop|process|rate_limited|rate_limit_store|telemetry"
_NAME = re.compile(rf"\b(?:{_FAMILIES})_[a-z_]+\b")
_SUFFIX = re.compile(r"_(?:bucket|sum|count)$")


def alerts() -> dict[str, str]:
    """Return each alert's expression by its name."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def expressions() -> list[str]:
    shown = [expression for panel in panels() for expression, _ in panel.targets]
    return [*shown, *alerts().values()]


def named(expression: str) -> set[str]:
    """Return the metrics an expression names; jobs and labels' values are none."""
    plain = re.sub(r"\"[^\"]*\"", '""', expression)
    found = _NAME.findall(plain)
    return {name if name in METRICS else _SUFFIX.sub("", name) for name in found}


def test_what_is_asked_for_is_told_and_what_is_told_is_asked_for() -> None:
    asked_for = set().union(*(named(expression) for expression in expressions()))

    assert asked_for == set(METRICS)


def test_times_are_histograms_in_seconds_and_counts_end_in_total() -> None:
    for name, metric in METRICS.items():
        assert name.endswith("_seconds") == isinstance(metric, Histogram) or "age" in name
        assert metric.help.endswith(".")


def test_every_alert_is_tested_explained_and_has_a_severity() -> None:
    tested = (OPS / "prometheus" / "alerts_test.yml").read_text()
    page = (OPS.parent / "docs" / "operating.md").read_text()
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert f"alertname: {rule['alert']}" in tested
            assert f"| `{rule['alert']}` |" in page


def test_every_metric_is_explained() -> None:
    page = (OPS.parent / "docs" / "operating.md").read_text()

    assert [name for name in METRICS if f"`{name}`" not in page] == []
    told = re.findall(r"^\| `(.*)` \|", page.partition("## What is told")[2], re.MULTILINE)
    assert {name for row in told for name in re.findall(r"\w+", row.partition(" |")[0])} == set(
        METRICS
    )


async def test_a_real_prometheus_answers_what_each_panel_asks(tmp_path: Path) -> None:
    binary("prometheus")
    async with monitored(tmp_path) as site:
        await used(site, SECONDS)
        give_up_at = time.monotonic() + PATIENCE
        # Prometheus tells nobody when it has collected what happened last for the second time.
        while (silent := list(_silent(site))) and time.monotonic() < give_up_at:  # noqa: ASYNC110 -- as said
            await asyncio.sleep(1)
        assert silent == []

        up = site.prometheus.ask("query", query="up")["result"]
        assert {each["metric"]["job"]: each["value"][1] for each in up} == {
            "auth-service": "1",
            "api-service": "1",
        }
        groups = site.prometheus.ask("rules")["groups"]
        loaded = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
        assert loaded == dict.fromkeys(alerts(), "ok")


def _silent(site: Site) -> Iterator[str]:
    for panel in panels():
        for expression, legend in panel.targets:
            if not _told(site, expression, legend):
                yield f"{panel.title}: {expression}"


def _told(site: Site, expression: str, legend: str) -> bool:
    """Tell whether there are numbers, with the labels the legend needs."""
    found = site.prometheus.series(asked(expression, WINDOW), site.began, time.time(), 1)
    return any(
        labels(legend) <= set(of) and any(math.isfinite(value) for _, value in values)
        for of, values in found
    )
