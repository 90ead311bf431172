import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.auth_service.service import CHECKOUT, bare_environment
from tests.service_kit.scripted_logdna import KEY as LOGDNA_KEY
from tests.service_kit.scripted_logdna import scripted_logdna
from tests.service_kit.scripted_sentry import KEY, scripted_sentry


@contextmanager
def black_hole() -> Iterator[int]:
    """Take connections and never say a word; yield the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        yield int(listening.getsockname()[1])


# A process of its own: telling begins with it and ends with it.
TELLING = """
import asyncio
import structlog
from service_kit.request_id import RequestIdMiddleware
from service_kit.telemetry import start_telemetry
from service_kit.telemetry_settings import TelemetrySettings
from service_kit.trace_export import Tracing
from service_kit.traces import TracingMiddleware
from tests.service_kit.asgi import application, client

async def live():
    settings = TelemetrySettings.from_environment()
    tracing = Tracing("test-service", settings)
    telemetry = start_telemetry("test-service", settings)
    async with telemetry.flushed(tracing):
        served = RequestIdMiddleware(TracingMiddleware(application(), tracer=tracing.tracer))
        async with client(served) as http:
            await http.get("/echo")
        structlog.get_logger().error("failed")
        await asyncio.sleep(1.5)  # a batch of lines is under way

asyncio.run(live())
"""


def run(script: str, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", script],
        cwd=CHECKOUT,
        env=bare_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_who_is_silent_holds_up_the_end_of_a_process_for_two_seconds_all_together() -> None:
    with black_hole() as port:
        away = {
            "LOGDNA_INGESTION_KEY": "key",
            "LOGDNA_URL": f"http://127.0.0.1:{port}/logs",
            "SENTRY_DSN": f"http://{KEY}@127.0.0.1:{port}/7",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        }
        alone = await asyncio.to_thread(_seconds)
        silent = await asyncio.to_thread(_seconds, **away)

    assert silent - alone < 6  # one after another, and each again at the exit: eleven


CRASHING = """
from service_kit.telemetry import start_telemetry
from service_kit.telemetry_settings import TelemetrySettings

start_telemetry("test-service", TelemetrySettings.from_environment())
raise ValueError("marked words")
"""


async def test_a_process_that_crashes_has_told_so_everywhere() -> None:
    async with scripted_sentry() as sentry, scripted_logdna() as logdna:
        telling = {
            "SENTRY_DSN": sentry.dsn,
            "LOGDNA_INGESTION_KEY": LOGDNA_KEY,
            "LOGDNA_URL": logdna.url,
        }
        done = await asyncio.to_thread(run, CRASHING, **telling)

    (event,) = sentry.events
    (line,) = logdna.told()
    assert (event["message"], event["level"]) == ("process_crashed", "fatal")
    assert (line["event"], line["level"]) == ("process_crashed", "critical")
    assert "marked" not in f"{sentry.raw} {logdna.raw} {done.stderr}"


def _seconds(**environment: str) -> float:
    began = time.monotonic()
    done = run(TELLING, **environment)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


@pytest.fixture(scope="module")
def without_extras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all packages but Sentry's and OpenTelemetry's SDK, as without the extras."""
    folder = tmp_path_factory.mktemp("packages")
    installed = Path(str(distribution("structlog").locate_file("")))
    for package in installed.iterdir():
        if package.name == "opentelemetry":
            (folder / package.name).mkdir()
            for part in package.iterdir():
                if part.name != "sdk":
                    (folder / package.name / part.name).symlink_to(part)
        elif not package.name.startswith(("sentry_sdk", "opentelemetry_sdk", "__editable__")):
            (folder / package.name).symlink_to(package)
    return folder


@pytest.mark.parametrize(
    ("setting", "value", "extra"),
    [
        ("SENTRY_DSN", f"https://{KEY}@sentry.test/7", "install the extra `sentry`"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "ai-book-backend[traces]"),
    ],
)
def test_what_needs_an_extra_that_is_not_there_is_refused_with_the_cure(
    setting: str, value: str, extra: str, without_extras: Path
) -> None:
    paths = f"{CHECKOUT}:{without_extras}"
    refused = run(TELLING, "-S", PYTHONPATH=paths, **{setting: value})

    assert refused.returncode != 0
    last = refused.stderr.splitlines()[-1]
    assert f"BadSettings: {setting} " in last
    assert extra in last


def test_what_is_not_set_needs_no_extra(without_extras: Path) -> None:
    done = run(TELLING, "-S", PYTHONPATH=f"{CHECKOUT}:{without_extras}")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("key", ["k\u00e9y", "marked\nmore", "marked words"])
def test_a_key_that_no_header_can_hold_is_refused_by_name(key: str) -> None:
    refused = run(TELLING, LOGDNA_INGESTION_KEY=key)

    assert "BadSettings: LOGDNA_INGESTION_KEY holds what no key does" in refused.stderr
    assert key not in refused.stderr


def test_headers_that_cannot_be_sent_are_refused_by_name() -> None:
    refused = run(TELLING, OTEL_EXPORTER_OTLP_HEADERS="api-key=marked%0Amore")

    assert "BadSettings: OTEL_EXPORTER_OTLP_HEADERS is no list" in refused.stderr
    assert "marked" not in refused.stderr
