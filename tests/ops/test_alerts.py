"""The rules are Prometheus's own to judge."""

import subprocess

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


def test_alerts_fire_when_they_should_and_not_before() -> None:
    done = promtool("test", "rules", "alerts_test.yml")

    assert done.returncode == 0, done.stdout + done.stderr
