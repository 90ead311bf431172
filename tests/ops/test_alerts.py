"""The rules are Prometheus's own to judge."""

import subprocess
from itertools import product
from pathlib import Path

import yaml

from api_service.metrics import METRICS as API
from auth_service.metrics import METRICS as AUTH
from service_kit.metrics import Histogram
from tests.ops.prometheus_server import OPS, binary

FOLDER = OPS / "prometheus"


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binary("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )


def test_promtool_accepts_the_configuration_and_its_rules() -> None:
    done = promtool("check", "config", "prometheus.yml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "rules found" in done.stdout


def test_what_collects_in_a_cluster_differs_in_how_pods_are_found_alone(tmp_path: Path) -> None:
    stated = yaml.safe_load((FOLDER / "kubernetes.yml").read_text("utf-8"))
    for job in stated["scrape_configs"]:
        # Debian's Prometheus is built without them.
        assert job.pop("kubernetes_sd_configs") == [
            {"role": "pod", "namespaces": {"names": ["ai-book"]}}
        ]
        job["static_configs"] = [{"targets": ["pod:9101"]}]
    stated["rule_files"] = [str(FOLDER / file) for file in stated["rule_files"]]
    changed = tmp_path / "kubernetes.yml"
    changed.write_text(yaml.safe_dump(stated), "utf-8")

    done = promtool("check", "config", str(changed))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "rules found" in done.stdout


def test_alerts_fire_when_they_should_and_not_before() -> None:
    done = promtool("test", "rules", "alerts_test.yml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_fires_where_nobody_asks_for_anything(tmp_path: Path) -> None:
    rules = FOLDER / "alerts.yml"
    groups = yaml.safe_load(rules.read_text())["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"]]
    quiet = {f'up{{job="{job}"}}': "1x120" for job in ("auth-service", "api-service")}
    for metric in {*AUTH, *API}:
        ends = ("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",)
        for values in product(*(known or ("any",) for known in metric.labels.values())):
            labels = [f'{name}="{each}"' for name, each in zip(metric.labels, values, strict=True)]
            for end in ends:
                told = ", ".join([*labels, 'le="+Inf"'] if end == "_bucket" else labels)
                quiet[f"{metric.name}{end}{{{told}}}"] = "0x120"
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in quiet.items()],
        "alert_rule_test": [
            {"eval_time": "2h", "alertname": alert, "exp_alerts": []} for alert in alerts
        ],
    }
    file = tmp_path / "quiet.yml"
    whole = {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(yaml.safe_dump(whole))
    done = promtool("test", "rules", str(file))

    assert len(alerts) >= 20
    assert done.returncode == 0, done.stdout + done.stderr
