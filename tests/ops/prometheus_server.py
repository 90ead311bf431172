"""A real Prometheus of a test's own, set up by the repository's own configuration."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.loopback import free_port

CHECKOUT = Path(__file__).parents[2]
OPS = CHECKOUT / "ops"
SECONDS = 30.0


def binary(name: str) -> str:
    """Return the path of one of Prometheus's programs; without it, the test is left out."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name} (on Debian: apt-get install prometheus)")
    return found


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server."""

    address: str

    def ask(self, path: str, **parameters: str | float) -> Any:  # noqa: ANN401 -- JSON
        reply = httpx.get(f"{self.address}/api/v1/{path}", params=parameters, timeout=30)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    def series(
        self, expression: str, start: float, end: float, step: float
    ) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Return what an expression was from start to end: each series' labels and values."""
        found = self.ask("query_range", query=expression, start=start, end=end, step=step)
        return [
            (each["metric"], [(float(at), float(value)) for at, value in each["values"]])
            for each in found["result"]
        ]


@contextmanager
def collecting(
    folder: Path, targets: Mapping[str, str], *, every: str = "1s"
) -> Iterator[Prometheus]:
    """Run one until the block is left.

    Args:
        folder: Where it keeps what it collects.
        targets: Host and port by the job of ops/prometheus/prometheus.yml.
        every: How often it collects.
    """
    program, port = binary("prometheus"), free_port()
    settings = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())
    settings["global"] = {"scrape_interval": every, "evaluation_interval": every}
    settings["rule_files"] = [str(OPS / "prometheus" / name) for name in settings["rule_files"]]
    assert {job["job_name"] for job in settings["scrape_configs"]} == set(targets)
    for job in settings["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        server = Prometheus(f"http://127.0.0.1:{port}")
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _wait(server: Prometheus) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if httpx.get(f"{server.address}/-/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "Prometheus does not answer"
        time.sleep(0.05)
