"""The rules are Prometheus's own to judge."""

import subprocess
from pathlib import Path

import yaml

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
